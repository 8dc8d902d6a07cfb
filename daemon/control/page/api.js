// Calls of the control API, and its live events. Knows nothing of the page.

const KEY = 'showroomd-token';
const given = document.querySelector('meta[name="showroomd-token"]')?.content ?? '';
let token = given || sessionStorage.getItem(KEY) || '';
let asking = null;
let askPerson = async () => '';

export class ApiError extends Error {
  constructor(status, words, detail = '') {
    super(words);
    this.status = status;
    this.detail = detail;
  }
}

const WORDS = {
  400: 'O servidor não entendeu o pedido.',
  401: 'O token não vale mais. Informe outro.',
  403: 'Este token não permite fazer isso. Use um de administrador.',
  404: 'Isso não existe mais neste servidor.',
  409: 'Isso mudou enquanto você escrevia. Tente de novo.',
  413: 'A mensagem é grande demais.',
  415: 'O servidor não aceita arquivos desse tipo.',
  422: 'O servidor recusou o que foi enviado.',
  429: 'Muitos pedidos seguidos. Espere um instante.',
  503: 'A loja está indisponível agora. Tente de novo em instantes.',
};

/** Who is asked for a token when there is none, or when it was refused. */
export function onTokenNeeded(ask) {
  askPerson = ask;
}

async function newToken(refused) {
  asking ??= askPerson(refused).then((answer) => {
    token = answer.trim();
    sessionStorage.setItem(KEY, token);
    asking = null;
  });
  await asking;
}

async function request(method, path, { body, headers = {}, signal } = {}) {
  for (let round = 0; ; round += 1) {
    if (!token) await newToken(round > 0);
    const used = token;
    let response;
    try {
      response = await fetch(path, {
        method,
        signal,
        cache: 'no-store',
        headers: {
          Authorization: `Bearer ${used}`,
          Accept: 'application/json',
          ...(body === undefined ? {} : { 'Content-Type': body instanceof Blob ? body.type : 'application/json' }),
          ...headers,
        },
        body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
      });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError(0, 'Sem conexão com o servidor. Confira se o showroomd está rodando.');
    }
    if (response.status !== 401) return response;
    // The page came with its token: only a new page has a new one.
    if (given) throw new ApiError(401, 'O servidor foi reiniciado. Recarregue esta página.');
    if (used === token) token = '';
  }
}

/** JSON of a call. Raises `ApiError` with words for a person. */
export async function call(method, path, options = {}) {
  const response = await request(method, path, options);
  const text = await response.text();
  let document = null;
  try {
    document = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new ApiError(response.status, 'O servidor respondeu algo que não é JSON.');
  }
  if (response.ok) return document;
  const words = WORDS[response.status] ?? `O servidor teve um problema (${response.status}).`;
  throw new ApiError(response.status, words, document?.detail ?? '');
}

export const get = (path, options) => call('GET', path, options);
export const post = (path, body = {}, headers = {}) => call('POST', path, { body, headers });

/** A media file behind the token, as an address that an <img> takes. */
export async function media(path) {
  const response = await request('GET', path, { headers: { Accept: '*/*' } });
  if (!response.ok) throw new ApiError(response.status, 'O arquivo não pôde ser aberto.');
  return URL.createObjectURL(await response.blob());
}

/** A key that makes a repeated POST harmless; also where `crypto.randomUUID` is missing (plain http). */
export function onceKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const SILENT_MS = 45000; // the server says something every 15 s

/** Follow /v1/events for ever. `onState` gets 'up' or 'down'; `onEvent` a name and its data. A stream that brings
 * nothing, not even its beginning (a proxy that keeps everything back), counts as down. */
export async function follow(onEvent, onState) {
  let last = '';
  for (let failures = 0; ; ) {
    const cut = new AbortController();
    let patience = setTimeout(() => cut.abort(), SILENT_MS);
    try {
      const headers = { Accept: 'text/event-stream' };
      if (last) headers['Last-Event-ID'] = last;
      const response = await request('GET', '/v1/events', { headers, signal: cut.signal });
      if (!response.ok || !response.body) throw new ApiError(response.status, 'sem eventos');
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let waiting = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        onState('up');
        failures = 0;
        clearTimeout(patience);
        patience = setTimeout(() => cut.abort(), SILENT_MS);
        const frames = (waiting + value).replaceAll('\r\n', '\n').split('\n\n');
        waiting = frames.pop();
        for (const frame of frames) {
          const event = parseFrame(frame);
          if (event.id) last = event.id;
          if (event.name === 'reset') last = '';
          if (event.data !== null) onEvent(event.name, event.data);
        }
      }
    } catch (error) {
      if (error.status === 404) last = '';
    }
    clearTimeout(patience);
    onState('down');
    failures += 1;
    await new Promise((resolve) => setTimeout(resolve, Math.min(15000, 500 * 2 ** Math.min(failures, 5))));
  }
}

function parseFrame(frame) {
  const event = { id: '', name: 'message', data: null };
  const lines = [];
  for (const line of frame.split('\n')) {
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === 'id') event.id = value;
    else if (field === 'event') event.name = value;
    else if (field === 'data') lines.push(value);
  }
  if (lines.length || event.name === 'reset') {
    try {
      event.data = JSON.parse(lines.join('\n') || '{}');
    } catch {
      event.data = {};
    }
  }
  return event;
}
