"""Everyday words of customers, folded. Data only."""

from typing import Final

# Never a misspelt model, however near to one.
EVERYDAY_WORDS: Final = """
aberto abre abrem aceita aceitam aceito acorda acordo acordos agora ainda alcool alem algo alguem algum alguma
algumas alguns alo alta aluguel amanha amarelo amiga amigo aqui argos ate atendente automatica automatico avalia
avaliacao avaliar azul baixa banco bancos banda barata barato baratos bem boa bom bot branca branco cambio camera
caminhao caminhonete canto cantos captura capturar cara carinho carnaval caro carro carros carta cartao casa celula
celular cena cento certa certeza certo chama chamar chamo chave chaves chefe chega chegar chego chegou cheiro cheque
cidade cinza civil civis cobra cobram cobrar cobre cobrir coloca colocar com comando comigo compacta compacto compas
compasso completa completo compra compram comprar compras compro consegue conseguem consigo conta contar contas
contato conto contos conversa cor cores coroa corre correr correto corretora corrida corta cortar costa couro
credito cruz cruza custa custar custo custos dela dele deles desde dia dias diesel direcao documento documentos
domingo dono drive durante eletrico empresa empresas endereco entrada entre esporte esposa essa esse esta estado
estados este estilo estrada estradas etanol faixa faixas fala falar falo familia fator fatores fecha fecham festa
festas fica ficam ficar ficha fico ficou fiesta filha filho final finan fixa fixar fixo flex focado foco fogo foi
fone fora foram forma formas forte fosse fossem foto fotos garantia gasolina gente gerente gol golpe golpes gostaria
gostei gosto haha hatch hibrido hoje horario horarios humana humano ideia ideias ipva irma irmao isso junto juntos
kkk kkkk kkkkk laudo linear linha linhas loga logar login logo loja lojas longe longo lugar lugares maior mais manda
mandar mando mandou manha mano manuais manual marca marcar marcas marcha marchas marco maria marido mario melhor
menor menos menta mente mesma mesmo meu meus minha minhas moca mocha moco modelo modelos monja monta montanha
montanhas mora moram moro mossa moto motor motores motos muita muito mulher multimidia mundo nao noite nome nossa
nosso nova novo novos obrigada obrigado ola onde opa outra outras outro outros palas para parada parado parar
parceiro parcela parcelas parei paro parte partes partir pass passa passar passas passei passo patrao pelas pelos
perto perua pessoa pessoas picape placa placas pode poderia politica polo polos polvo ponto pontos porta portas
posso pouca pouco pra prata precisa precisar preciso preco precos premios preta preto primo primos pro procurando
procuro pulo pulso pulsos punt quais qual quanto quantos quarta queria querida querido quero quilometragem
quilometro quinta rapaz rapida rapido rato razao reais real receber renegociar retorna retorno rever robo rodado
rodados rsrs rua ruim sabado sabe sabem saber sabia saida sair saiu salao saldo salve salvo santa santana santos
score sedan sedans segunda sem semana semanas semi seminovo senhor senhora senta sentar sento seria serie series
serio serve servir seu sexta sim sinal sobre solar sonata sonho sonhos sono sorte sport sports stock stok sua sujo
tarde taxa taxado taxas tchau temos tempera tempo tenho tenta tentar terca teria termo termos terra terras tese
teste tests teto texto textos tinha tinham tipos tira tirar tirou tiver tivesse toca tocar toda todas todo todos
toma tomar torno touca touro trabalho transito trata tratar trigo troca trocado trocar trocas troco tudo unica unico
unida uns usada usado usados vaga vagas vale valeu valor valores vamos varias varios vcs veiculo veio veja vejo
velho venda vendas vende vendedor vendedora vendem vender vendo ver verdade verde vermelho versao verso versos
versus vetor vetores viagem viagens viajar visita visitar vista visto vivo voce voces volta voltar voltas voltei
volto
amaro astral astro azeda azeri basal bergman bingo blaze boxers boxes cadencia captar capturam capturou careta
carry cativa ceder celia celio cesta ceuta cheyenne classica classical classicas coesa coisa comparsa comparsas
comprasse cooler coopera cooperar corda corja cornos corra corso corvette crato creia crossfit cruzes culta
dobro ethos eticos figurino flashback florence florescer floriano fluencia fluente focas forster freelance
freelancer fronteira gladiador golfo himalaia icaro ideal ideas imprensa impressa impurezas lancar lance lancei
lancem lances linda lines livia living lohan macae macas macau mares marra marta megafone megan merida monde
mondego monotona montada montadas montando montante montaram montaria nitro orochi oxala palco palido palin
palito palmo paraty parti passam passeata patio pavio picante picantes pinto piscando prima punho range rangel
renegados saltos sanders sanderson sandro santarem sargento sarmento saturada saudo saunders selos senora
sentaram sentia sentira sentiram sentirao sentiria shift silverio sintra sofrendo soltos spain tacos talos
temporal territorio tetano tiago tibetano timida tirano titanio titans torco tordo torso torto transitar
transitou transmita transmite tuitando variando velas veras verba verga veria vetar vilar virtuais virtudes
virtuosa virtuoso virus visitara votara
"""

# Of no use in a search by words.
FILLERS: Final = """
site link pagina instagram ai la aii qualquer coisa tipo meio mto muito ja nao sim mim voce mesma mesmo
agora ainda alguem algum alguma amigo aqui bem boa bom bonito busco carro carros com como comprar das dia disponivel
dos ela ele essa esse estoque favor gente gostaria hoje informacoes interesse legal loja mais moca moco modelo noite
oi ola onde para por pra preciso procurando procuro quais qual quando que queria querido quero saber senhor sobre
tarde tem temos tens teria tudo uma uns vcs veiculo ver voce voces
"""
