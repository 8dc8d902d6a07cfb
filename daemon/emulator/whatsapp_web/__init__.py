"""WhatsApp's side of WhatsApp Web, on this machine: a server with accounts, their phones, and faults on request."""
