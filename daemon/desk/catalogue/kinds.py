"""What is answered to messages without text: voice notes that could not be read, pictures, places. Pure."""

from daemon.desk.catalogue.draft import Draft


def answer_kind(draft: Draft, kind: str) -> None:
    """React to a message of a kind that says nothing in words."""
    profile = draft.brief.profile
    match kind:
        case "voice" | "audio":
            draft.say("Recebi seu áudio, mas não consegui ouvir direito por aqui 😕")
            draft.ask("Pode me escrever o que você procura?", "write")
            draft.missed = True
        case "image" | "video":
            draft.say(
                "Recebi sua imagem, mas por aqui eu não consigo ver o que tem nela."
                if kind == "image"
                else "Recebi seu vídeo, mas por aqui não consigo assistir."
            )
            draft.ask("Me escreve qual é o modelo do carro que você quer?", "model")
        case "sticker" | "reaction":
            draft.say("😄")
            draft.ask("Em que posso te ajudar: procura algum carro específico?", "model")
        case "location":
            where = f" A loja fica na {profile.address}." if profile.address else ""
            draft.say(f"Recebi sua localização, obrigado!{where}")
            draft.ask("Quer agendar uma visita?", "visit")
        case "contacts":
            draft.say("Recebi o contato, obrigado! Vou deixar anotado para a equipe.")
            draft.ask("E você, procura algum carro?", "model")
        case "document":
            draft.say(
                "Recebi seu documento, obrigado! Por aqui eu não consigo abrir o arquivo, "
                "mas ele fica na conversa para a equipe."
            )
            draft.ask("Me conta em que posso te ajudar?", "model")
        case "order":
            draft.say("Recebi seu pedido, obrigado!")
            draft.ask("Quer ver mais fotos ou combinar uma visita?", "visit")
        case _:
            draft.say("Essa mensagem não abriu por aqui 😕")
            draft.ask("Pode me escrever em texto o que você procura?", "write")
