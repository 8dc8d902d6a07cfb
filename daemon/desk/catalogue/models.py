"""Makes and models of the Brazilian market: what customers ask for, whether in stock or not. Data only."""

from typing import Final

# One line a make: models as "Name" or "Name=other spellings" parted by ";", grouped by body.
# A spelling is compared without spaces, hyphens, accents and case.
TABLE: Final = """
Chevrolet
 hatch: Onix=onics,onixs,honix,onyx,onixx,onis | Celta | Corsa=corca | Agile | Astra | Kadett=kadet,cadete
 hatch: Chevette=chevete,xevete | Sonic | Vectra GT | Bolt
 sedan: Onix Plus=onix sedan,onixplus,onix plus sedan,onix plas,onix pluz,onix plos | Prisma=prizma | Cobalt=cobalto
 sedan: Cruze=cruse,cruzi,crusi,cruzer | Classic | Vectra=vetra | Monza | Opala | Omega | Malibu
 suv: Tracker=traker,treker,trecker,trakcer,traquer | Equinox=equinoxe,equinos,equinoquis
 suv: Trailblazer=trail blazer,treilblazer | Blazer=bleizer | Captiva | Tahoe
 pickup: S10=s 10,s-10,esse dez,s dez | Montana=montanna | Silverado | D20 | D10 | C10 | A20
 minivan: Spin=espin | Meriva | Zafira=safira
Volkswagen
 hatch: Gol=goll,gool | Polo=pollo | Up=up!,up tsi | Fox=foks,foxe | Golf=golfe | Fusca=fuska | New Beetle
 hatch: Polo Track
 sedan: Virtus=virtos,virtuz,vitus | Voyage=voiage,voyagem,voiagem | Jetta=jeta,getta | Passat=passate,passat
 sedan: Santana | Bora | Logus | Apolo
 suv: T-Cross=tcross,t cros,t-cros,ticross,tecross,t croos,t-crooss,ti cross,tcros | Nivus=nivos,nivuz
 suv: Taos=thaos | Tiguan=tiguam,tigua,tiguan allspace | Touareg=tuareg | CrossFox=cross fox | Tera
 pickup: Saveiro=savero,saveiru,saveirinho | Amarok=amaroque,amarock,amaroki
 wagon: Parati | SpaceFox=space fox | Variant | Quantum | Brasilia
 van: Kombi=combi
Fiat
 hatch: Argo | Mobi=moby,mob | Uno=unno,uninho,uno way | Palio=pálio,palho | Punto=puntto | Fiat 500=cinquecento
 hatch: Stilo=estilo | Bravo | Tipo | 147
 sedan: Cronos=cronus,cronnos,kronos | Siena=sienna,ciena
 sedan: Grand Siena=gran siena,grand sienna,gran sienna,grandsiena | Linea=linéa | Marea | Tempra | Premio
 suv: Pulse=puse,puls,pulsi | Fastback=fast back,festback,fastbek,fastbeck | Freemont=fremont
 pickup: Toro=tôro | Strada=estrada,istrada,strata | Titano
 minivan: Idea | Doblo=doblô,dobló
 wagon: Palio Weekend=weekend,palio wekend | Elba
 van: Fiorino=florino,fiorinno | Ducato | Scudo
Ford
 hatch: Ka=ford k,kah | Fiesta | Focus=fokus,focos,focus hatch | Escort=escorte
 sedan: Ka Sedan=ka+,ka mais,ka sedã | Fusion=fusiom,fuzion | Fiesta Sedan | Focus Sedan=focus fastback | Verona
 sedan: Del Rey | Mondeo
 suv: EcoSport=eco sport,ecosporte,ekosport,eco esporte,ecosprt,eco | Territory=teritory,territori
 suv: Bronco Sport=bronco | Edge
 pickup: Ranger=rander,renger,rangger | Maverick=maverik | F-250=f250 | F-1000=f1000 | F-150=f150
 pickup: Courier=curier | Pampa
 coupe: Mustang=mustangue
 van: Transit
Toyota
 sedan: Corolla=corola,corrola,corrolla,coralla,korolla,corollinha,carolla,coroola,corolinha | Etios Sedan
 sedan: Yaris Sedan | Camry | Prius
 hatch: Etios=etius,etioss | Yaris=iaris,yares,yariz | Etios Hatch | Yaris Hatch
 suv: Corolla Cross=corola cross,corolla cros,corola cros,corrola cross | SW4=sw 4,hilux sw4,sw-4
 suv: RAV4=rav 4,rav-4,have 4,rave4 | Yaris Cross
 pickup: Hilux=hilux,railux,hylux,hailux,ilux,hillux,rilux | Bandeirante
Honda
 sedan: Civic=civick,civic si,sivic,civik,cívic,siviq,civc,cvic,civico | City=citi,siti,sity,city sedan
 sedan: Accord=acord
 hatch: Fit=fiti,honda fit | City Hatch=city hatchback,city hatchback,citi hatch
 suv: HR-V=hrv,hr v,agá erre vê,hr-ve | WR-V=wrv,wr v | CR-V=crv,cr v | ZR-V=zrv,zr v
 motorcycle: CG 160=cg160,cg titan,cg fan,cg,titan 160,fan 160,titan
 motorcycle: CB 300=cb300,cb300f,cb 300f twister,twister | CB 500=cb500,cb500x,cb500f | CB 650=cb650
 motorcycle: NXR Bros=bros,nxr 160,bros 160 | Biz=biz 125,biz 110 | XRE 300=xre,xre300,sahara 300
 motorcycle: PCX=pcx 150,pcx 160 | Pop 110=pop 110i | Hornet
Hyundai
 hatch: HB20=hb 20,hb-20,agabe 20,hb vinte,agá bê vinte,hb2o,hb20 hatch | i30=i 30,i-30
 suv: HB20X=hb 20x,hb20 x,hb-20x
 sedan: HB20S=hb20 s,hb 20 s,hb20 sedan,hb20 sedã,hb 20s,hb 20 sedan | Elantra | Azera | Sonata
 suv: Creta=kreta,cretta,greta | Tucson=tucsom,tuckson,tucsson | ix35=ix 35,ix-35 | Santa Fe=santafe | Vera Cruz
 suv: Kona
 truck: HR
Jeep
 suv: Renegade=renegad,renegate,renagade,reneguede,renegue,renegado
 suv: Compass=compas,compess,conpass,kompass,campass,compasss | Commander=comander,comandar | Cherokee=cheroke
 suv: Grand Cherokee=gran cherokee | Wrangler=rangler
 pickup: Gladiator
Renault
 hatch: Kwid=kuid,kwidi,quid,kwit,cuid | Sandero=sandeiro,sanderro,sandeero | Clio
 hatch: Stepway=sandero stepway,stepwey,step way | Megane E-Tech
 sedan: Logan=logam | Fluence=fluense | Symbol | Megane
 suv: Duster=dustter,daster,dusther | Captur=capture,capitur | Kardian=cardian | Boreal | Koleos
 pickup: Oroch=oroque,duster oroch
 minivan: Scenic
 van: Kangoo=kango | Master
Nissan
 hatch: March | Tiida=tida | Leaf
 sedan: Versa | Sentra=centra
 suv: Kicks=kiks,kicx,kix,kickis,kics,kick | X-Terra=xterra | Murano | Pathfinder
 pickup: Frontier=frontie,fronteir,frontera
 minivan: Livina=grand livina
Peugeot
 hatch: 208=dois zero oito | 206 | 207 | 306 | 307 | 308
 sedan: 408 | 508
 suv: 2008 | 3008 | 5008
 van: Partner | Expert | Boxer
 pickup: Hoggar
Citroën
 hatch: C3=c 3,c-3,c3 hatch | C4=c 4 | DS3=ds 3
 sedan: C4 Pallas=palas | C4 Lounge
 suv: C4 Cactus=cactus,cactos,kactus | C3 Aircross=aircross,air cross | Basalt=basalte
 minivan: C3 Picasso=picasso | Xsara Picasso=xsara
 van: Jumpy | Jumper | Berlingo
Mitsubishi
 suv: ASX | Outlander=outlender,outland | Pajero=pagero | Pajero TR4=tr4,tr 4 | Pajero Sport | Pajero Full
 suv: Eclipse Cross=eclipse
 pickup: L200=l 200,l-200,l200 triton,l 200 triton,triton
 sedan: Lancer=lanser
Kia
 suv: Sportage=esportage,sportege,sportagem | Sorento | Stonic | Niro | Seltos | Mohave
 hatch: Picanto | Soul | Rio
 sedan: Cerato=serato | Cadenza
 minivan: Carnival
 truck: Bongo=bongo k2500
Caoa Chery
 suv: Tiggo 2=tigo 2 | Tiggo 3X=tiggo 3,tigo 3x | Tiggo 5X=tiggo 5,tigo 5x,tigo 5
 suv: Tiggo 7=tigo 7,tiggo 7 pro,tiggo7 | Tiggo 8=tigo 8,tiggo 8 pro | Tiggo=tigo,tiggu
 hatch: QQ | Celer | iCar=icar
 sedan: Arrizo 5=arizo 5,arrizo | Arrizo 6=arizo 6
BYD
 hatch: Dolphin=dolfin,dolfim,dolphim | Dolphin Mini=dolfin mini
 sedan: King=byd king | Seal=byd seal | Han
 suv: Song Plus=song,song pro | Yuan Plus=yuan,yuan pro | Tan
 pickup: Shark
GWM
 suv: Haval H6=haval,h6,haval h 6 | Tank 300
 hatch: Ora 03=ora
BMW
 sedan: 320i=320,bmw 320,320 i | 328i | 330i | 318i | 525i | 528i
 hatch: 118i | 120i | 125i
 suv: X1=x 1 | X2 | X3=x 3 | X4 | X5=x 5 | X6
Audi
 sedan: A3 Sedan | A4=a 4 | A5 | A6
 hatch: A1 | A3=a 3
 suv: Q3=q 3 | Q5=q 5 | Q7 | Q8
Mercedes-Benz
 sedan: C 180=c180,classe c | C 200=c200 | C 250=c250 | C 300=c300 | E 250=e250 | CLA 200=cla,cla200 | CLA 250
 hatch: A 200=a200,classe a | A 250 | B 200=b200
 suv: GLA 200=gla,gla200 | GLB 200=glb | GLC 250=glc | GLE
 van: Sprinter=splinter,sprinte
Land Rover
 suv: Range Rover Evoque=evoque,evoc,evok,ivoque | Discovery Sport | Discovery=discoveri | Defender
 suv: Range Rover=range rover sport | Freelander | Velar
Volvo
 suv: XC40=xc 40 | XC60=xc 60 | XC90=xc 90 | EX30=ex 30 | C40
 sedan: S60 | V40
Suzuki
 suv: Jimny=jimni,gimny,jimmy | Vitara | Grand Vitara=gran vitara | S-Cross
 hatch: Swift
 motorcycle: Burgman | V-Strom=vstrom | Yes 125
Subaru
 suv: Forester | XV | Outback
 sedan: Impreza | WRX
Mini
 hatch: Cooper=mini cooper,couper | One=mini one
 suv: Countryman
RAM
 pickup: Rampage=rampege,hampage,rempage | RAM 1500=ram1500 | RAM 2500=ram2500 | RAM 3500=ram3500 | Classic RAM
Dodge
 suv: Journey=jorney | Durango
 pickup: Dakota
Chrysler
 suv: PT Cruiser
JAC
 hatch: J2 | J3 | E-JS1
 suv: T40 | T50 | T60 | J6
Lifan
 suv: X60=x 60 | X80
Lexus
 suv: UX 250h=ux | NX 300h=nx 350h | RX
 sedan: ES 300h | IS
Porsche
 suv: Cayenne=caiene,cayene | Macan=macam
 coupe: 911 | Cayman | Boxster
 sedan: Panamera
Jaguar
 suv: F-Pace | E-Pace
 sedan: XE | XF
Troller
 suv: T4
Effa
 pickup: K01
Smart
 hatch: Fortwo
Tesla
 sedan: Model 3=model3,tesla 3 | Model S
 suv: Model Y | Model X
 truck: Cybertruck
Ferrari
 coupe: F8 Tributo | 488 GTB | California T
Lamborghini
 suv: Urus
 coupe: Huracan
Maserati
 suv: Levante | Grecale
 sedan: Ghibli
Yamaha
 motorcycle: Fazer 250=fz25,fazer250,fazer 150 | Lander=xtz 250 | Factor=ybr,factor 150 | Crosser=xtz 150
 motorcycle: MT-03=mt03,mt 03 | MT-07=mt07,mt 07 | NMax=nmax 160 | XMax | R3
Kawasaki
 motorcycle: Ninja=ninja 300,ninja 400 | Z400 | Versys
Royal Enfield
 motorcycle: Himalayan | Meteor=meteor 350
Harley-Davidson
 motorcycle: Sportster | Fat Boy
"""

# Models of one class, one class a line: what is offered first in another's place.
CLASSES: Final = """
Civic | Corolla | Cruze | Sentra | Jetta | Elantra | Cerato | Fluence | Focus Sedan | C4 Lounge | Lancer | 408 | Vectra
City | Virtus | Onix Plus | HB20S | Cronos | Versa | Yaris Sedan | Voyage | Prisma | Logan | Grand Siena | Cobalt | Siena
Onix | HB20 | Polo | Argo | 208 | Yaris | Fit | Sandero | City Hatch | Ka | Gol | Fiesta | C3 | Etios | March | Palio | Fox
Mobi | Kwid | Up | Uno | Ka | Celta | Picanto | QQ
Compass | Tiguan | Taos | Corolla Cross | Song Plus | Haval H6 | Tiggo 7 | Sportage | Tucson | ix35 | Territory | Equinox | CR-V | ASX
HR-V | Creta | T-Cross | Tracker | Kicks | Renegade | Nivus | Pulse | Fastback | Duster | EcoSport | WR-V | Captur | Tiggo 5X | C4 Cactus | 2008
SW4 | Commander | Trailblazer | Pajero Sport | Tiggo 8 | Sorento
Hilux | Ranger | S10 | Amarok | Frontier | L200 | Titano | Maverick
Toro | Oroch | Montana | Rampage | Maverick
Strada | Saveiro | Montana | Courier
Dolphin | Dolphin Mini | Leaf | Bolt | iCar | Yuan Plus | Kwid
Model 3 | Seal | 320i | C 180 | A4
Model Y | Yuan Plus | Song Plus | XC40
"""

MAKE_SPELLINGS: Final = {
    "Chevrolet": "chevrolet,gm,chevy,chevrole,chevrolete,xevrole,chevolet,chevrolt,cheverolet,chevroleti",
    "Volkswagen": "volkswagen,vw,volks,volksvagem,wolksvagem,volkswagem,wolkswagen,volquis,volkswaguen,volks wagen",
    "Fiat": "fiat,fiati,fiate",
    "Ford": "ford,forde,fordi",
    "Toyota": "toyota,toiota,tyota,toyotta",
    "Honda": "honda,ronda,onda,handa",
    "Hyundai": "hyundai,hundai,hiunday,hyunday,hunday,iundai,hiundai,hyndai,rundai",
    "Jeep": "jeep,jipe,jep,gipe,jeap",
    "Renault": "renault,renaut,renol,renaul,reno,renalt",
    "Nissan": "nissan,nisan,nissam",
    "Peugeot": "peugeot,pegeot,peugot,pejo,pegeout,peugeout,pejô",
    "Citroën": "citroen,citroem,citroën,citroin,sitroen,citron",
    "Mitsubishi": "mitsubishi,mitsubish,mitsubichi,mitisubishi,mitsu",
    "Kia": "kia",
    "Caoa Chery": "caoa chery,chery,caoa,cherry,cheri",
    "BYD": "byd,bid,b y d",
    "GWM": "gwm,great wall",
    "BMW": "bmw,bm",
    "Audi": "audi,aldi",
    "Mercedes-Benz": "mercedes benz,mercedes,mercedez,mercedes-benz,mb,merça,mercedinha",
    "Land Rover": "land rover,landrover,land",
    "Volvo": "volvo",
    "Suzuki": "suzuki,susuki",
    "Subaru": "subaru",
    "Mini": "mini cooper",
    "RAM": "ram,dodge ram",
    "Dodge": "dodge,dodje",
    "Chrysler": "chrysler",
    "JAC": "jac,jac motors",
    "Lifan": "lifan",
    "Lexus": "lexus",
    "Porsche": "porsche,porshe,porche",
    "Jaguar": "jaguar",
    "Troller": "troller",
    "Effa": "effa",
    "Smart": "smart",
    "Yamaha": "yamaha,iamaha,yamarra",
    "Kawasaki": "kawasaki",
    "Royal Enfield": "royal enfield",
    "Harley-Davidson": "harley davidson,harley",
}

# Names that are also everyday words: only beside their make, or when the stock has them and little else is said.
EVERYDAY: Final = frozenset(
    {
        "bravo", "tipo", "one", "147", "500", "911", "rio", "soul", "pop", "premio", "bolt", "leaf", "king", "han",
        "tan", "seal", "song", "ora", "is", "xe", "xf", "rx", "hr", "master", "expert", "partner", "edge",
        "estrada", "estilo", "capture", "safira", "centra", "eco", "palho", "quid", "ilux", "greta",
        "acord", "onda", "ronda", "bid", "mb", "land", "bm", "aldi", "cherry", "reno", "citron", "smart",
        "quantum", "classic", "titan", "factor", "cruzer", "frontera", "eclipse", "triton", "meteor", "kick",
        "fiate", "sonic", "moby", "mob", "cobalto", "cactos", "civico", "gool", "omega", "tank", "jimmy",
        "jaguar", "up", "2008", "206", "207", "208", "306", "307", "308", "408", "508", "3008", "5008", "320",
        "kah", "cadete", "logus", "apolo", "hornet", "crosser", "jumper", "boreal", "brasilia", "cinquecento",
        "santana", "pampa", "elba", "verona", "bora", "shark", "discovery", "defender", "durango", "dakota", "tera",
        "bandeirante", "courier", "ninja", "stilo", "march", "ux", "nx", "cla", "c10", "d10", "a20",
    }
)  # fmt: skip
