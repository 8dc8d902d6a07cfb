"""What customers want of a message besides vehicles: tables of patterns over folded text. Pure."""

import re
from typing import Final

# Each pattern is searched in folded text (lower case, no accents).
_PATTERNS: Final = {
    "greeting": r"^\W*(?:oi+e?|oii+|ola+|opa|hey|hello|hi|hola|e\s?ai|fala|salve|bom dia|boa tarde|boa noite"
    r"|bo[am] (?:dia"
    r"|tarde|noite)|bd|td b[eo]m|tudo (?:bem|bom|certo|joia)|blz|beleza|alo+)\b",
    "thanks": r"\b(?:obrigad\w*|brigad\w+|obg|obgd\w?|vlw+|valeu+|agradec\w+|agradeco|grat[ao]|thanks"
    r"|thank you|gracias)\b",
    "bye": r"\b(?:tchau+|xau|ate (?:mais|logo|breve|amanha)$|falou$|flw|fui$|abracos?$|abs$)",
    "later": r"\b(?:(?:to|estou|tou|tava|estava) so (?:olhando|vendo|pesquisando|especulando)|dando uma olhad\w+|vou pensar|pensar (?:melhor|aqui|um pouco|com calma)|depois (?:eu )?(?:te )?(?:falo"
    r"|chamo|retorno|vejo|volto)"
    r"|te (?:aviso|falo|chamo|retorno)\b|vou (?:ver|conversar|falar) (?:com|aqui|certinho"
    r"|direitinho)|qualquer coisa (?:eu )?"
    r"(?:te )?(?:chamo|falo|aviso|retorno)|eu (?:te )?(?:chamo|aviso)|mais tarde (?:eu )?(?:vejo|falo|chamo)"
    r"|por enquanto (?:e )?(?:so|nao)|era so isso|so isso|so (?:estou|to|tava|estava) (?:olhando"
    r"|pesquisando|vendo))\b",
    "ack": r"\A\W*(?:ok+|okay|ta|ta bo[am]|tabom|certo|entendi|show(?: de bola)?|top|legal|massa|bacana"
    r"|perfeito|fechado|marcado|otimo|joia|isso"
    r"|isso (?:ai|mesmo)|beleza|blz|combinado|fechou|sim|s|aham|uhum|hum+|entao ta|bom saber|que bom|maravilha|gostei"
    r"|interessante|claro|pode ser|com certeza|quero sim|sim quero|quero|pode|isso msm)\W*\Z",
    "no": r"\A\W*(?:nao|n|naum|nop|nada|nenhum|(?:eu )?(?:ainda )?(?:nao|n) (?:obrigad[oa]|quero|precisa"
    r"|tenho)(?: (?:carro|nada|entrada|troca|nenhum\w*|moto|usado|agora|nao|ainda))*)\W*\Z",
    "human": r"\b(?:(?:fal(?:ar|o)|conversar|passa\w*|transfer\w+|chama\w*|contato|atendid[oa]|quero|queria"
    r"|tem (?:algum|alguma|um|uma)|manda)\b.{0,30}\b"
    r"(?:vendedor\w*|atendente\w*|consultor\w*|humano|pessoa(?: de verdade| real)?"
    r"|gente de verdade|gerente|alguem(?: ai"
    r"| da loja)?|responsavel|dono da loja)|atendimento humano|atendente\b|(?:cade"
    r"|kd)\b.{0,20}(?:vendedor\w*|atendente|consultor\w*|alguem|voces|vcs|gente)|(?:vendedor\w*"
    r"|consultor\w*|atendente|moca|rapaz) (?:que )?(?:me |tava |estava |ja )+(?:atend\w+"
    r"|respond\w+)|falar com alguem|alguem (?:de verdade|real|humano)"
    r"|(?<!vou )(?<!deixa eu )(?<!depois de )(?:fal(?:ar|o)|conversar) com (?:o|a|os) (?!pessoal|chefe|carro|banco|marido|esposa|mulher|pai|mae|minha|meu|familia|seguro)[a-z]{3,}"
    r"|quem e o (?:dono|gerente|proprietario|responsavel)|nao quero (?:falar com )?(?:robo|maquina|bot))\b",
    "fleet": r"\b(?:(?:aceita\w*|vende\w*|financi\w+|compr\w+) (?:pra |para |no |com |por )?(?:cnpj|empresa|mei)|frotas?|faturamento|faturar|pessoa juridica|venda direta|(?:n[oa]|pel[oa]|com|em|para|pra) (?:o |meu |minha )?(?:cnpj|empresa)"
    r"|locadora)\b(?! de voces)",
    "invoice": r"\b(?:nota fiscal|emit\w+ nota|nf-?e?)\b",
    "consortium": r"\b(?:consorcio\w*|carta (?:de credito|contemplada))\b",
    "that_one": r"\A\W*(?:e |eh |sim |isso |ah )*(?:ess[ea]|est[ea]|ele|ela)(?: (?:mesm[oa]|ai|msm|carro|ai mesmo))*\W*\Z",
    "other_one": r"\b(?:o|a) outr[oa]\b(?! (?:dia|cidade|loja|cor|opcao|hora|semana|lado|estado|carro|modelo))",
    "intro": r"^\W*(?:(?:oi|ola|bom dia|boa tarde|boa noite|opa)\W+)?(?:meu nome (?:e|eh)|me chamo|aqui (?:e|eh|quem fala e)|sou [oa]) (?:o |a )?(?!.*\b(?:quero|queria|tem|procuro)\b)\w+(?: \w+)?\W*$",
    "anyone": r"\b(?:tem|ha|alo,? tem) (?:alguem|gente|algum atendente)(?: ai| ae| online| na linha| por ai)*\b|\balguem ai\b",
    "online": r"\b(?:(?:tem|qual|quais|manda\w*|passa\w*|seu|teu) (?:o |a |um |seu |teu |de |voces |vcs |link |d[ao] )*"
    r"(?:site|insta(?:gram)?|facebook|face|pagina|tik ?tok|youtube)\b(?! (?:vi|tem|tava|estava|ta))|(?:manda|passa|tem) (?:o |um )?link\b)",
    "videocall": r"\b(?:(?:chamada|ligacao) (?:de|por) video|video ?chamada|video ?call|facetime)\b",
    "call": r"\b(?:me lig(?:a|ue|ar|uem)|pod(?:e|em|eria) (?:me )?ligar|liga pra mim|ligacao|me telefon\w+"
    r"|retorn\w+ (?:a )?ligacao"
    r"|aguardo (?:o )?contato)\b",
    "robot": r"\b(?:(?:vc|voce|vcs|c|tu|isso|aqui|ai) (?:e|eh|sao|es) (?:um |uma |o )?(?:robo|bot|ia"
    r"|maquina|inteligencia|humano"
    r"|pessoa|gente|computador|atendente virtual)|(?:to|estou|tou) falando com (?:um "
    r"|uma )?(?:robo|bot|maquina|pessoa|humano|ia)"
    r"|quem (?:e|ta|esta) (?:falando|vc|voce)|com quem (?:eu )?(?:falo|estou|to)"
    r"|qual (?:o )?(?:seu|teu) nome|e robo)\b",
    "complaint": r"\b(?:procon|advogad\w+|processar|(?:abrir|entrar com) (?:um )?processo|justica|reclam(?:ar"
    r"|acao|aqui)|reclame aqui|enganad\w+|enganar\w*|me engan"
    r"|golpista\w*|ladr(?:ao|oes)|absurdo|lixo|pessim[oa]"
    r"|horrivel|vergonha|palhacada|descaso|dinheiro de volta|devol(?:ver|ucao)"
    r"|(?:nao (?:tive|recebi|me deram)|sem|cade o) (?:nenhum )?retorno|ninguem (?:me )?(?:retornou"
    r"|deu retorno|responde\w*|atende\w*|retorna)"
    r"|desrespeito|falta de respeito|indignad\w+|decepcionad\w+|furioso|caloteir\w+|picareta\w*"
    r"|estelionat\w+|policia|boletim de"
    r"|nunca mais (?:compro|volto)|sacanagem|enrola(?:ndo|ram|cao)|demora (?:demais|pra responder)"
    r"|motor (?:bateu|fundido))\b",
    "laugh": r"\A\W*(?:k{3,}\w*|(?:ha){2,}h?|(?:rs){1,}|(?:he){2,}|(?:hua){2,}\w*)\W*\Z",
    "pricey": r"\b(?:(?:achei|que|ta|tao|esta|muito|mt|bem|meio|ficou|e|um pouco|mto) (?:\w+ )?(?:car[oa]s?|salgad[oa]s?|puxad[oa]s?)\b(?! que)|fora do (?:meu )?orcamento|acima do (?:meu )?orcamento)",
    "similar": r"\b(?:mais (?:barat\w+|em conta) (?:do )?que|parecid\w+|similar\w*|semelhante\w*|no estilo|(?:algo|algum|carro|um) (?:tipo|estilo)|equivalente|concorrente)\b",
    "compare": r"\b(?:diferenca\w*|compar(?:a|ar|acao|e)|qual (?:e |o |deles e |desses e )?(?:o )?melhor"
    r"|qual d[eao]s? (?:dois|duas|2|tres|3)\b|(?:qual|quem) (?:e |eh )?(?:mais|menos) \w+ (?:dos|das) (?:dois|duas)"
    r"|entre (?:os|esses|eles) (?:dois|2)|qual (?:vc |voce |vcs )?(?:recomenda|indica))\b",
    "trust": r"\b(?:golpe\w*|confiave\w+|confianca|e seguro comprar|loja (?:de verdade|existe|real)|cnpj"
    r"|reputacao|posso confiar)\b",
    "broken": r"\b(?:defeito\w*|fundiu|quebrou|deu (?:problema|pau)|estragou|parou de funcionar|nao (?:chegou|recebi|veio|entregaram|devolveram|transferiram)|(?:liga|funciona|pega)ndo mais|nao (?:liga"
    r"|funciona|pega) mais|motor (?:bateu|fundido)|veio com problema)\b",
    "bought": r"\b(?:comprei|compramos|me venderam|(?:voces|vcs) (?:me )?venderam|que (?:eu )?peguei"
    r"|carro que (?:eu )?comprei|(?:mes|semana|ano) passad[oa])\b",
    "abuse": r"\b(?:vai se f\w*|vai (?:a|pra) m\w+|f\*+\w*|fdp|filh[oa]s? da p\w+|porra|caralho|merda|puta"
    r"|vtnc|vsf|tnc|otari\w+|idiota\w*"
    r"|imbeci[ls]\w*|burr[oa]s?|babaca\w*|arrombad\w+|cuz\w+|desgrac\w+|viad\w+|cretin\w+|trouxas?"
    r"|vagabund\w+|retardad\w+)(?:\b|$|\s)",
    "photos": r"\b(?:fotos?|fotinha\w*|imagem|imagens|videos?|ft|fts|pics?|photos?)\b",
    "available": r"\b(?:ainda (?:tem|ta|esta|tao|estao|tem esse|disponivel|a venda|na loja|existe)|disponiv\w+"
    r"|dispon\b|ja (?:foi |foram )?"
    r"(?:vend\w+)|(?:foi|ta|esta) vendid[oa]|continua (?:a venda|disponivel)|still available)\b",
    "trade": r"\b(?:tenho (?:um|uma) .{2,40}\b(?:pra|para) (?:negoci\w+|dar\b|trocar|troca|por no)|troc(?:a"
    r"|o|ar|as|aria|am)|permuta\w*|pega(?:m|riam)? (?:o |um |uma |meu |minha |carro |moto |usado )"
    r"|(?:meu|minha|o meu|um) (?!nome|score|salario|renda|dinheiro)[^,.;%$]{2,40}(?<!mil )(?<!\dk )(?:de|como|na) entrada|aceita(?:m)? (?:usado|carro|moto)"
    r"|volta na troca|(?:como|de) parte d[eo]"
    r"|parte do pagamento|da? uma volta em cima|entra(?:r|ria|m)? (?:n[oa]|como|de) (?:negoci\w+|troca|rolo|parte|entrada)"
    r"|(?:faz|fazem|pega\w*|aceita\w*|topa\w*) (?:um |no |na )?(?:rolo|brick|catira|volta)|catira\b"
    r"|(?:aceita|pega|recebe)\w* (?:o |a )?(?:meu|minha)|(?:meu|minha) (?:\w+ ){1,4}(?:serve|vale|entra) "
    r"|(?:aceita|pega|recebe)m? (?:moto|carro|usado|veiculo|caminhonete)|(?:usado|seminovo) na (?:troca|negociacao))\b",
    "sell": r"\b(?:(?:vcs|voces|vc|loja|ai) compra(?:m|)\b|compram? (?:carros?|usados?|veiculos?|motos?"
    r"|meu|o meu)|(?:quero|queria|preciso"
    r"|gostaria de|pretendo|to|estou|posso) (?:vende\w+|passar) (?:o |a )?(?:meu|minha|um|uma"
    r"|carro|moto)|vendo meu|avaliam? (?:meu"
    r"|minha|o meu|carro)|avaliar (?:o |a )?(?:meu|minha)|avaliacao do meu|quanto (?:vcs |voces )?(?:pagam|da(?:o|m)?|vale) (?:n[oa]|nel[ea]|pelo)|quanto (?:vcs |voces )?(?:pagam|dao)(?=\W*\Z)|quanto (?:vcs |voces )?(?:pagam|da(?:o|m)?|vale) (?:pelo"
    r"|no meu|o meu|meu))\b",
    "consign": r"\b(?:consigna\w+|anunciar (?:o |a )?(?:meu|minha|um|uma) \w+|carros? de terceiros?|deixar (?:o |a )?(?:meu|minha) .{0,20}na loja"
    r"|deixar (?:meu|minha|o meu|um|o) .{0,25}(?:(?:pra|para|pro) (?:vender|voces venderem|vcs venderem)"
    r"|a venda))\b",
    "indebted": r"\b(?:(?:ta|esta|e|eh|ainda|carro|moto|tem|tenho|devo|deve) (?:\w+ ){0,2}(?:financiad[oa]|alienad[oa]|parcelas? (?:pra|para|a) pagar"
    r"|prestac\w+ (?:pra|para|a) pagar)|quitar|quitacao|nao (?:ta|esta|e) quitad[oa]|saldo devedor|devendo parcel\w+)\b",
    "rate": r"\b(?:taxas?(?! (?:de )?(?:transf|doc|entrega|despach))|juros)\b",
    "finance": r"\b(?:(?:qual|quais|que) bancos?|bancos? (?:que )?(?:voces|vcs) (?:trabalh\w+|us\w+)|financ\w+|finaciamento|finacia\w*|fianci\w+|parcel\w*|prestac\w+|entrada|juros"
    r"|taxas?(?! (?:de )?(?:transf|doc|entrega|despach))|simula\w*"
    r"|carne|em \d{2} ?x|\d{2} ?(?:x|vezes|meses)|(?:doze|vinte|trinta|quarenta|cinquenta"
    r"|sessenta)(?: e \w+)? (?:vezes|parcelas|meses)"
    r"|no boleto|por mes|mensalidade|instal\w*ments?)\b",
    "doubt": r"\b(?:nome (?:(?:ta|esta|e|eh|meio|um pouco) )*(?:sujo|sujinho|restrito|negativado|no spc|no serasa)|negativad\w+|score|spc"
    r"|serasa|restric\w+|aprova\w*|sem consulta"
    r"|sem comprova\w+|sem comprovante|autonom[oa]|100 ?%|cem por cento|sem entrada"
    r"|zero de entrada|credito (?:baixo|ruim|aprovado)"
    r"|passa (?:no|o) (?:banco|credito))\b",
    "visit": r"\b(?:(?:posso|consigo|da pra|queria|quero|gostaria de|vou|vamos|irei|pretendo|pensando em"
    r"|penso em|como faco pra|podemos|posso"
    r" estar) (?:ir|passar(?!.{0,25}\bcart)(?! (?:o |a )?(?:meu|minha))|passo|dar um pulo|dar uma passada|dar uma olhada|ai\b|visitar|conhecer"
    r"|ver (?:el[ea]|o carro|os carros"
    r"|pessoalmente|de perto|na loja)|la\b|na loja|agendar|marcar|fazer (?:um |o )?test)"
    r"|passo (?:ai|la|na loja)|passar (?:ai|la|na loja"
    r"|aii)|agend\w+|(?:bora |vamos |quero |podemos |pode )?marcar\b|remarcar|visit(?:a|ar|as)"
    r"|test\w?[\s-]*dri?ve?\w*|teste? drive|ir ai"
    r"|ir (?:na|ate a) loja|pessoalmente|ver de perto|dar uma volta nele|estou indo|to indo"
    r"|(?<!como )(?<!como eu )(?<!como q )(?<!como que )chego ai|(?:da|daria|dava|tem|teria) tempo\b(?! de (?:uso|garantia|casa))|apareco ai|vou ai|vou (?:com \w+ \w+ )?ver)\b",
    "move": r"\b(?:remarc\w+|reagend\w+|(?:mudar|trocar|passar|adiar|antecipar|transferir|alterar|jogar|empurrar) "
    r"(?:\w+ ){0,4}?(?:pr[ao]s?|para|horario|dia|hora)|(?:pode|da|daria|teria como|tem como|poderia|consegue) (?:pra |para )?ser "
    r"(?:as|a|ao|no|na|mais|umas|depois|amanha|segunda|terca|quarta|quinta|sexta|sabado|domingo)|outro (?:dia|horario)|mesm[ao] hor\w+|so (?:posso|consigo|da|tenho) (?:na |no |n[ao] |as |a )?(?:segunda|terca|quarta|quinta|sexta|sabado|domingo|amanha|depois|as \d)|em vez d[aeo]|inves d[aeo])\b",
    "call_off": r"\b(?:nao (?:vou|consigo|irei|posso|poderei|vai dar|da|deu|tem como|rola)(?: mais)? ?(?:poder |conseguir |pra |para )?"
    r"(?:mais )?(?:eu )?(?:ir|comparecer|passar|chegar|aparecer|hoje|amanha)\b|nao (?:vai dar|rola|vou mais|da mais)\b|desmarc\w+"
    r"|cancel\w+ (?:a |minha |o |meu )?(?:visita|agendamento|horario|test\w*)|\A\W*(?:pode |quero |queria |preciso |por favor )*(?:cancel\w+|desmarca\w*)(?: (?:por favor|pfv|tudo|isso|ai|pra mim))*(?=\W*\Z)|(?:surgiu|tive|apareceu) (?:um )?(?:imprevisto|problema|compromisso))\b",
    "inspect": r"\b(?:(?:levar|trazer|chamar|mandar|ir com) (?:o |um |meu |o meu )?(?:mecanico|perito|funileiro|avaliador)|meu mecanico"
    r"|(?:fazer|mandar fazer|levar (?:n[ao]|pra)) (?:uma |um |a |o )?(?:vistoria|cautelar|pericia|inspecao))\b",
    "help": r"\b(?:nao (?:entendo|sei|manjo) (?:nada|muito|quase nada|bem) (?:de|sobre) carros?|nao sei (?:qual|o que|por onde|escolher)|me (?:ajuda|ajude|orienta)"
    r"|to (?:em duvida|perdid[oa]|sem ideia)|leig[oa])\b",
    "enough": r"\b(?:(?:para|parar|pare|chega) de (?:me )?mand\w+ (?:as |mais |essas? )*(?:fotos?|videos?|imagens)|nao (?:precisa|quero) (?:de |mandar |mais |ver )*(?:fotos?|videos?))\b",
    "entry": r"\b(?:(?:quanto|qual|qto) (?:\w+ ){0,5}(?:de |a )?entrada|entrada minima|minimo de entrada|precisa (?:de|dar) entrada)\b",
    "facility": r"\b(?:estacionamento(?! de re)|estacionar (?:ai|na|perto)|vagas? (?:pra|para) (?:cliente|visitante|estacionar)|wi-?fi (?:ai|na loja)"
    r"|banheiro|cafe(?:zinho)?|agua|acessibilidade|cadeirante|espaco (?:kids|pra crianca)|brinquedoteca|sala de espera|lanchonete|elevador"
    r"|carregador(?:es)? (?:(?:de|pra|para) )?(?:carros? )?(?:eletric\w+|na loja|ai\b)|ponto de recarga|carregar (?:o )?(?:carro|eletrico) ai)\b",
    "pcd": r"\b(?:pcd|isencao de (?:ipi|icms|imposto)\w*|carro adaptado)\b",
    "video": r"\bvideos?\b|\bvideozinho\b|\bfilm(?:a|ar|agem)\b",
    "address": r"\b(?:outra loja|filia(?:l|is)|loja em|onde (?:fica\w*|e\b|eh\b|voces|vcs|vc|esta\w*|ta|tao"
    r"|que fica|e a loja|se localiza\w*"
    r"|seria)|endereco\w*|enderesso"
    r"|localiza\w+|como (?:faco pra |eu )?cheg(?:o|ar)|fica(?:m)? (?:onde|em que|em qual|aonde)"
    r"|aonde|(?:qual|que) (?:a )?(?:rua|bairro|cidade)"
    r"|(?:sao|e|vcs sao|voces sao) de (?:(?:que|qual) (?:cidade|bairro|lugar|estado|regiao)|onde)"
    r"|maps|de onde (?:voces|vcs|vc|sao|e)|loja (?:fisica|fica)|vcs sao de|address)\b",
    "phone": r"\b(?:telefone\w*|fone|numero (?:de (?:voces|vcs|vc|telefone|contato)|da loja|do (?:vendedor"
    r"|telefone|whats\w*))|qual (?:o )?"
    r"(?:contato|numero|zap|whats\w*)|outro (?:numero|contato)|ligar (?:pra|para) (?:voces|vcs"
    r"|a loja|ai)|zap (?:da|do)|whats\w* (?:da|do|de|pra)"
    r"|contato d[aeo] (?:loja|voces|vcs|vendedor))\b",
    "hours": r"(?:\A|\n)\W*(?:e )?(?:n[oa]s? |em |aos? )?feriados?\b|\b(?:(?:que|qual|quais|ate (?:que|q|qual)|q) hora\w*(?!.{0,12}(?:posso|marc))"
    r"|horarios? (?:d[eao]|que|voces|vcs|ai|p)|qual (?:o |seu |o seu |teu )?horario"
    r"|expediente|(?:trabalha|atende|abre|funciona|abrem|tem gente"
    r"|tem alguem)\w*(?= (?:\w+ ){0,2}(?:domingo|sabado|feriado|hoje|amanha|segunda"
    r"|fim de semana))|(?:domingo|sabado|feriado|fim de semana"
    r"|segunda)s?(?= (?:\w+ ){0,2}(?:trabalha|atende|abre|funciona|fecha|tem (?:gente|alguem"
    r"|expediente)))|abr(?:e|em|ir|ira|indo)|abert[oa]s?|fecha(?:m|do|r|da)?\b(?! (?:por|negocio"
    r"|em \d))|(?<!como )funciona(?:m|mento)?(?= (?:n[oa]|sabado"
    r"|domingo|hoje|amanha|aos|ate|que|em feriado|de|ai|aos)|$|\W*[?])|funcionamento"
    r"|atendem? (?:n?[oa]s? ?)?(?:sabado|domingo|hoje|ate|feriado|aos|amanha"
    r"|fim|final|que)|(?:tem|ha) (?:alguem|gente|atendimento) (?:ai )?(?:no |aos )?(?:sabado"
    r"|domingo|hoje|agora|amanha|feriado)|opening hours)\b",
    "discount": r"\b(?:desconto\w*|descontinho|(?<!carro de )(?<!moto de )(?:menor|melhor|ultimo) (?:valor|preco|proposta)(?! d[eao]s? (?:entrada|parcela))"
    r"|melhora\w* (?:o |esse )?(?:valor|preco)|a ?vista"
    r"|abaix(?:a|ar|am)|negoci(?:a|ar|avel|acao)|chorinho|chor(?:ar|a)\b|precinho|fech(?:a|amos"
    r"|o|ar) (?:por|em|a|negocio)|faz(?:em)? (?:por|a"
    r"|quanto)|faz (?:um|aquele) (?:preco|valor)|faria por|deixa\w* por|pago \S*\d"
    r"|dou \S*\d+ ?(?:mil|k)\b|ofere\w+ \S*\d|proposta|tem conversa"
    r"|da (?:pra|para) (?:melhorar|fazer|baixar|abaixar)|no pix|em dinheiro|contraproposta"
    r"|quanto (?:tira|baixa)|valor final|tira quanto"
    r"|faz menos|fazer (?:um|algum) (?:preco|valor|desconto)|aceita proposta|preco (?:camarada|amigo|especial))\b",
    "reserve": r"\b(?:(?<!chave )(?<!chaves )(?<!segunda )reserv\w+|segur(?:a|ar|am)\b.{0,15}\b(?:pra|para|ele|ela|esse|o carro|ate)|guard(?:a|ar"
    r"|am)\b.{0,15}\b(?:pra|para|ele|ate)"
    r"|(?:dar|deixar|pagar|mando|dou|quanto (?:e )?(?:de|o)) (?:um |o )?sinal|sinal pra"
    r"|consegue segurar|deixar separado|separa (?:ele|pra))\b",
    "documents": r"\b(?:(?:quais|que|qual|q) (?:os )?(?:document\w+|doc\b|docs|papel|papeis)"
    r"|document\w+ (?:preciso|precisa|necessari\w+|pra|para|exigid\w+)"
    r"|(?:precisa|preciso) (?:de |levar )?(?:que )?(?:document\w+|comprovante|cnh|docs)"
    r"|o que (?:preciso|precisa) (?:levar|pra financiar|para financiar))\b",
    "warranty": r"\b(?:garantia\w*|garantido)\b",
    "delivery": r"\b(?:sou (?:d[aeo] )?\w+.{0,30}\b(?:atend|entreg|vend)\w+|(?:vend|atend)em? (?:pr[ao]|para|em|n[ao]) (?:fora|outr\w+|todo|toda|interior|minha)|"
    r"entreg(?:a|am|ar|as)|frete|envia(?:m|r)?\b.{0,12}\b(?:pra|para|em)"
    r"|mandam? (?:o carro )?(?:pra|para|ate) (?!mim)|levam? (?:o carro )?(?:ate|em casa)"
    r"|transport\w+ (?:o carro|pra|para)|moro (?:longe|em outr[oa]|no interior)|outr[oa] (?:cidade|estado))\b",
    "transfer": r"\b(?:transferencia|transferir|despachante|taxa de (?:doc|transf)\w+|documento incluso"
    r"|document\w+ (?:inclus\w+|por conta|gratis))\b",
    "payment": r"\b(?:pagamentos?\b|usdt|cripto\w*|dolar(?:es)?|fgts|promissoria|metade (?:agora|a vista|em|no)|(?:direto|parcel\w+) com a loja|pagar (?:em )?(?:duas|2) vezes"
    r"|cart(?:ao|oes)|pix\b|cheque|boleto|debito"
    r"|bitcoin|forma\w* de pag\w+|como (?:posso|e|faco (?:pra|o)) pag\w+)\b",
    "buying": r"\b(?:quero (?:comprar|fechar|ficar com|levar)|vou (?:querer|levar|ficar)|como (?:faco"
    r"|fa[cz]o?|compro|funciona pra comprar|e o processo)|fechar negocio"
    r"|tenho interesse|interessad[oa]|me interess\w+|gostei (?:d[eo]|muito|desse|dessa)"
    r"|quero (?:ele|ela|esse|essa|esse mesmo)(?=\W*\Z)|(?:ess[ea]|el[ea]) (?:mesmo )?(?:eu )?quero|quero (?:ele|esse|essa|o|a) (?!.{0,20}fot))\b",
    "info": r"\b(?:(?:ele |ela |esse |essa |carro )(?:e|eh) (?:um )?(?:bo[am]|confiavel|bom carro)(?=\W*\Z)|mais (?:info\w*|detalhes|sobre)|saber mais|informac\w+|detalhes|me (?:fala|conta"
    r"|explica)|ficha|caracteristicas|descricao|fala (?:mais |um pouco )?(?:sobre|d[eo])"
    r"|como (?:e|ta|esta|que (?:ta|e)) (?:ele|ela|o carro|o estado|esse)|tell me more"
    r"|me passa\w* (?:os )?dados|conta mais)\b",
    "promo": r"\b(?:promoc(?:ao|oes)|ofertas?|feirao|liquidac\w+|black friday)\b",
    "stock": r"\b(?:chegou (?:algo|algum\w*|carros?|novidade)|novidades?|o (?:que|q) (?:vc|vcs|voces|ces|voce|ce)? ?(?:tem|tens|tao|vendem|trabalham|tem ai)"
    r"|quais (?:os )?(?:carros?|veiculos?|modelos?|opcoes)|que carros?|estoque|catalogo"
    r"|carros? (?:disponiv\w+|a venda|vcs tem|voces tem)|lista (?:de|dos|com)|tem (?:quais"
    r"|que) carros?|me (?:indica|mostra|sugere|recomenda|ajuda a (?:escolher|achar))|indica\w*"
    r"|sugest\w+|opcoes|procur\w+|buscando|busco|atras de|quero (?:um|uma|ver|comprar|trocar)"
    r"|queria (?:um|uma|ver|comprar|saber)|preciso (?:de|d) (?:um|uma|carro)|to querendo"
    r"|compra(?:r)? (?:um|uma|carro|moto)|interesse em|what (?:cars|do you have)|any (?:car|suv)|looking for)\b",
    "more": r"\b(?:tem mais(?! (?:barat|em conta|nov|car[oa]|acess|econom|bonit|simples|complet|rodad"
    r"|potent|recent))|mais (?:opcoes|algum\w*|carros?|modelos?)|outr[oa]s? (?:opc\w+|carros?"
    r"|modelos?|op)|tem outr[oa]s?|algum outro|alguma outra|mostra mais|manda mais|ver mais"
    r"|so (?:esses|tem esses|isso|tem isso|essas)|mais alguma? (?:coisa|opcao|um)?|e outr[oa]s?"
    r"|ver outr[oa]s?|quero ver (?:mais|outros?)|nenhum (?:desses|deles|desse)|nao gostei(?! d[ae]ss?a? cor))\b",
    "other_color": r"\b(?:(?:nao|n) (?:gostei|gosto|curti|quero) (?:muito )?(?:d?ess|d)a cor|ess[ea] cor (?:eu )?(?:nao|n)\b|outr[oa]s? cor(?:es)?|(?:que|quais|qual) (?:outras )?cores|mais cores|tem (?:de"
    r"|em) outra cor|so (?:tem )?(?:nessa|essa) cor)\b",
    "injection": r"\b(?:system|sistema|assistant|admin) ?:|\b(?:ignor(?:e|a|ar|em) (?:todas? |as |tudo |qualquer |suas |all |previous |the )"
    r"|instruc(?:oes|ao) (?:anterior|acima|do sistema)|prompt|jailbreak"
    r"|\bdan\b|developer mode|modo desenvolvedor|finja (?:que|ser)|aja como|you are now"
    r"|a partir de agora voce|repita (?:as|o|suas)|ignore|act as|openai|chat ?gpt|suas regras)\b",
    "offtopic": r"\b(?:poe(?:ma|sia)|piada|receita (?:de|d)|presidente|politic\w+|eleic\w+|votar|lula"
    r"|bolsonaro|futebol|gremio|flamengo|corinthians|inter ganhou|redacao|dever de casa"
    r"|licao de casa|trabalho (?:da|de) (?:escola|faculdade)|previsao do tempo|vai chover"
    r"|horoscopo|signo|traduz\w*|resum[oae]\w* (?:o|do|um) livro|programa\w* em python"
    r"|codigo (?:em|python)"
    r"|capital d[aeo]|quem descobriu|musica\b.{0,15}(?:canta|faz|letra)|conta uma historia"
    r"|namora\w*|casa comigo|religi\w+|deus existe|bitcoin|loteria|mega sena"
    r"|quanto (?:e|da) \d+ ?(?:x|\*|\+|-|vezes|mais|menos|dividido)|clima|emprego|vaga de"
    r"|curriculo|trabalhar (?:ai|com voces))\b",
    "private": r"\b(?:(?:cpf|rg|telefone|numero|contato|dados|nome|endereco) d[eo]s? (?:outr[oa]s? |um )?(?:cliente"
    r"|comprador|antigo dono|dono|ultimo cliente)\w*|outro cliente|outros clientes)\b",
    "consumption": r"\b(?:faz quanto\w*(?: (?:n[ao]|com|por|de))|km (?:por|/) ?l|por litro|consumo)\b",
    "service": r"\b(?:troc\w+ (?:o |de |a )?(?:pneus?|oleo|bateria|pastilhas?)|revisao|oficina|troca de oleo|conserto|consertar|pecas?|alinhamento|balanceamento"
    r"|guincho|alug\w+|locacao|seguro (?:do|de|auto|inclus\w+|total)|(?:tem|fazem?|vem com|o|de|d[oe]) seguro(?! comprar))\b",
}

_COMPILED: Final = {name: re.compile(pattern, re.MULTILINE) for name, pattern in _PATTERNS.items()}

_STOP: Final = re.compile(
    r"^\W*(?:(?:por favor )?(?:parar?|pare(?:m)?|sair|stop|descadastrar|cancelar? (?:mensagens"
    r"|inscricao|envio|assinatura)"
    r"|unsubscribe|me (?:tira|remove|exclui)(?: (?:da|dessa) lista)?|me descadastr\w+)"
    r"|(?:parem?|para) de (?:me )?(?:mandar|enviar)(?: (?:mensage(?:m|ns)|msgs?|isso))*(?: pra mim)?"
    r"|nao quero (?:mais )?(?:receber|mensage(?:m|ns)|msgs?)(?: (?:mais )?(?:mensage(?:m|ns)|msgs?"
    r"|nada))?(?: de voces| de vcs)?"
    r"|nao me (?:mande[m]?|envie[m]?|manda) mais (?:nada|mensage(?:m|ns)|msgs?|isso)"
    r"|(?:me )?tir[ae](?: o)? (?:meu numero|da lista)(?: da lista)?|nao (?:me )?(?:mande"
    r"|envie)m? mais mensage(?:m|ns))\W*(?:por favor|pfv|pf)?\W*$"
)

# What is asked about one vehicle, as details.py answers it.
_FACTS: Final = {
    "price": r"\b(?:quant[oa]s? (?:e|eh|custa\w*|ta|tao|esta\w*|sai|saiu|ficou|vale|vc quer|vcs querem"
    r"|que (?:e|ta)|pede\w*|seria|sairia)|q(?:ua)?nt[oa] (?:custa|ta|e|sai|esta)|qto\b|qnto\b|qt\b"
    r"|valor(?:es)?|vlr|qn?td?o?\W*$|qnto?\W*$"
    r"|precos?|preço|quanto\W*$|quanto (?:o|a|esse|essa|nesse|nele|pelo|n[oa])\b|custa|how much|price|cuanto)\b",
    "km": r"\b(?:kms?|klm|quilometra\w*|kilometra\w*|quilometros|kilometros|rodad[oa]s?|rodagem|rodou|mileage)\b",
    "year": r"\b(?:(?:que|qual|q) (?:e )?(?:o )?ano|ano (?:dele|dela|do carro|modelo|qual)|de que ano"
    r"|ano\W*$|(?:e )?ano e |^ano\b)",
    "color": r"\b(?:cor|cores)\b",
    "fuel": r"\b(?:combustivel|(?:e|eh) (?:flex|diesel|a? ?gasolina|alcool|hibrido|eletrico)|(?:flex"
    r"|diesel|gasolina|alcool|etanol) ou (?:flex|diesel|gasolina|alcool|etanol)|bebe o que)\b",
    "transmission": r"\b(?:cambio|(?:e|eh|ele e|ela e|esse e) (?:automatic\w+|aut\b|manual|cvt|mecanico)|(?:manual"
    r"|automatic[oa]) ou (?:manual|automatic[oa])|marchas)\b",
    "doors": r"\b(?:quantas|qts|qtas|quantos|numero de) portas|\d ?portas\b",
    "plate": r"\b(?:placa|final (?:da|de) placa)\b",
    "owner": r"\b(?:unico dono|(?:quant[oa]s|qn?t[oa]?s|segund[oa]|primeir[oa]|qual) don[oa]s?|e de (?:segundo|primeiro|unico) dono"
    r"|procedencia|historico|de mulher|particular)\b",
    "report": r"\b(?:laudo\w*|cautelar|vistoria\w*|sinistr\w+|bati(?:da|do|das)|colisao"
    r"|recuperad\w+|pericia|repintad[oa]|pintura|retoque\w*|amassad\w+|risc(?:o|os|ado|ada))\b",
    "auction": r"\b(?:leilao|leilo(?:es|ado|ada)|repasse|sinistro)\b",
    "ipva": r"\b(?:ipva|licenciamento|licenciad[oa]|multas?|debitos|dividas?|document(?:o|os"
    r"|acao) (?:em dia|ok|ta|esta|pag[oa]|atrasad)\w*|(?:\A|e )(?:o |a )?(?:document(?:o|os|acao)|doc)(?=\W*\Z)|doc em dia|quitado|alienad[oa])\b",
    "state": r"\b(?:(?:estado|conservac\w+|conservad[oa]|bem cuidad[oa])|pneus?|ta inteiro"
    r"|ta (?:bom|boa|novo)|revis(?:oes|ado|ada)|manual e chave|chave reserva|interior"
    r"|algum(?:a)? (?:defeito|problema|detalhe)|bancos\b(?! (?:de|em) couro))\b",
    "battery": r"\b(?:bateria|autonomia|quanto tempo (?:leva|demora) (?:pra|para) carregar|recarga)\b",
    "seats": r"\b(?:(?:quant[oa]s|qn?t[oa]?s) (?:lugares|pessoas)|cabem? (?:quant[oa]s|\d)|(?:e|eh) de (?:5|7|cinco|sete) lugares)\b",
    "consumption": r"\b(?:consumo|km (?:por|p|/) ?l(?:itro)?|por litro|(?:quanto|quantos|qts|qnts) (?:km )?(?:el[ea] |o carro |esse )?faz"
    r"|faz quantos?(?: km)?|(?:gasta|bebe) (?:muito|mt|mto)\b|beberrao|(?:e|eh|muito) economic[oa]|(?:ele|ela|carro) gasta muito)\b",
    "engine": r"\b(?:(?:qual|que|q) (?:e |o |a )*(?:motor\w*|versao)|motor\b|motorizac\w+|turbo\b|1\.0 ou|versao|porta ?malas)\b",
    "power": r"\b(?:potencia|cavalos|(?:quantos|qnts|qts) cv|torque)\b",
    "fipe": r"\bfipe\b",
    "options": r"\b(?:opciona\w+|itens|equipament\w+|acessorios?|completo|completinho|completao|o que (?:ele "
    r"|ela )?tem de|vem com|quais os itens)\b",
}
_FACTS_COMPILED: Final = {name: re.compile(pattern, re.MULTILINE) for name, pattern in _FACTS.items()}

# Words of equipment: what is looked for in the stock's own words.
OPTIONS: Final = (
    (re.compile(r"\bteto(?: solar| panoramico| de vidro)?\b(?! de (?:preco|gasto|\d))"), "teto solar", "teto"),
    (re.compile(r"\bcouro\b"), "bancos em couro", "couro"),
    (re.compile(r"\b(?:multimid\w+|central)\b"), "central multimídia", "multimidia"),
    (re.compile(r"\bcamera 360\b|\bvisao 360\b"), "câmera 360", "360"),
    (re.compile(r"\bcamera(?:s)?(?: de re| re| traseira)?\b(?! 360)"), "câmera de ré", "camera"),
    (re.compile(r"\bsensor(?:es)?(?: de estacionamento| de re)?\b"), "sensor de estacionamento", "sensor"),
    (re.compile(r"\b(?:7|sete) lugar(?:es)?\b|\bterceira fileira\b|\b3a fileira\b"), "7 lugares", "7 lugares"),
    (re.compile(r"\b(?:4\s?x\s?4|tracao (?:integral|nas quatro))\b"), "4x4", "4x4"),
    (re.compile(r"\b(?:car ?play|android auto)\b"), "CarPlay", "carplay"),
    (re.compile(r"\bpiloto automatico\b"), "piloto automático", "piloto automatico"),
    (re.compile(r"\bcabine dupla\b|\bcab\.? dupla\b"), "cabine dupla", "cabine dupla"),
    (re.compile(r"\bcabine simples\b|\bcab\.? simples\b"), "cabine simples", "cabine simples"),
    (re.compile(r"\bpainel digital\b"), "painel digital", "painel digital"),
    (re.compile(r"\bcapota\b"), "capota marítima", "capota"),
    (re.compile(r"\bblindad[oa]\b"), "blindagem", "blindad"),
    (re.compile(r"\bair ?bags?\b"), "airbags", "airbag"),
    (re.compile(r"\brodas? de liga\b|\bliga leve\b"), "rodas de liga leve", "liga"),
    (
        re.compile(r"\b(?:chave (?:presencial|inteligente)|partida (?:no|por) botao|start stop)\b"),
        "chave presencial",
        "presencial",
    ),
    (re.compile(r"\bengate\b"), "engate", "engate"),
    (re.compile(r"\bestribo\b"), "estribo", "estribo"),
    (re.compile(r"\bisofix\b"), "Isofix", "isofix"),
    (re.compile(r"\bpaddle\w*\b|\bborboletas?\b"), "paddle shift", "paddle"),
)
# Nearly every car has these: asked for, they are answered but do not narrow a search.
COMMON_OPTIONS: Final = (
    (re.compile(r"\bar(?:[\s-]condicionado| gelando| digital|$|\?| e )"), "ar-condicionado", "ar"),
    (re.compile(r"\bdirecao(?: eletrica| hidraulica)?\b"), "direção assistida", "direcao"),
    (re.compile(r"\bvidros?(?: eletricos?)?\b"), "vidros elétricos", "vidro"),
    (re.compile(r"\btravas?\b"), "travas elétricas", "trava"),
    (re.compile(r"\bbluetooth\b"), "Bluetooth", "bluetooth"),
    (re.compile(r"\babs\b"), "freios ABS", "abs"),
    (re.compile(r"\balarme\b"), "alarme", "alarme"),
    (re.compile(r"\b(?:estepe|step)\b"), "estepe", "estepe"),
    (re.compile(r"\bmanual do (?:proprietario|dono|carro)\b"), "manual do proprietário", "manual"),
    (re.compile(r"\bchave reserva\b|\bsegunda chave\b"), "chave reserva", "chave reserva"),
    (re.compile(r"\bwi-?fi\b"), "wi-fi", "wi-fi"),
)


def intents(folded: str) -> frozenset[str]:
    """The intents of a folded text."""
    return frozenset(name for name, pattern in _COMPILED.items() if pattern.search(folded))


def facts(folded: str) -> tuple[str, ...]:
    """What a folded text asks of a vehicle, in the order of the table."""
    return tuple(name for name, pattern in _FACTS_COMPILED.items() if pattern.search(folded))


def wants_out(folded: str) -> bool:
    """Whether the whole message is a wish to get no more messages."""
    return bool(_STOP.match(folded))
