"""Names of makes and models as the Brazilian market knows them, squashed: tables only."""

from typing import Final

from shards.tenant.stock_words import spelled

MAKE_ALIASES: Final = {
    "vw": "volkswagen", "wv": "volkswagen", "volks": "volkswagen", "vwvolkswagen": "volkswagen",
    "volkswagenvw": "volkswagen", "wolks": "volkswagen", "folks": "volkswagen",
    "gm": "chevrolet", "chevy": "chevrolet", "chevi": "chevrolet", "chev": "chevrolet", "gmchevrolet": "chevrolet",
    "chevroletgm": "chevrolet", "generalmotors": "chevrolet",
    "mercedes": "mercedesbenz", "mercedez": "mercedesbenz", "mb": "mercedesbenz", "benz": "mercedesbenz",
    "merca": "mercedesbenz", "mbb": "mercedesbenz", "mercedezbenz": "mercedesbenz",
    "caoachery": "chery", "caoa": "chery", "cherycaoa": "chery", "caoacherychery": "chery",
    "caoahyundai": "hyundai", "hyunday": "hyundai", "hunday": "hyundai", "hundai": "hyundai", "hiundai": "hyundai",
    "citroem": "citroen", "kiamotors": "kia", "jacmotors": "jac", "ssangyongmotors": "ssangyong",
    "land": "landrover", "dodgeram": "ram", "hd": "harleydavidson", "harley": "harleydavidson",
    "alfa": "alfaromeo", "rolls": "rollsroyce", "mini": "minicooper", "bmwmini": "minicooper",
    "greatwall": "gwm", "gwmotors": "gwm",
    "pegeot": "peugeot", "pejo": "peugeot", "peugeout": "peugeot", "peujo": "peugeot", "pejot": "peugeot",
    "mitsu": "mitsubishi", "reno": "renault", "renout": "renault", "toiota": "toyota",
}  # fmt: skip

DISTINCT_SUFFIXES: Final = spelled(
    """
    cross plus weekend sw4 sportback aircross sport stepway cactus lounge picasso allroad countryman clubman
    rover
    """
)
"""Words that make another car of a model's name: who asks for a Corolla does not mean a Corolla Cross."""

KNOWN_NAMES: Final = spelled(
    """
    gol golf polo virtus nivus tcross taos tiguan jetta passat saveiro amarok fox crossfox spacefox up voyage
    fusca kombi bora santana parati touareg onix onixplus prisma cruze tracker spin cobalt s10 montana celta
    corsa classic astra vectra agile sonic equinox trailblazer blazer captiva zafira meriva camaro omega monza
    opala chevette kadett malibu uno mobi argo cronos palio siena grandsiena strada toro fiorino punto linea
    idea doblo bravo stilo pulse fastback ducato freemont titano 500 tempra marea ka kasedan fiesta focus
    fusion ecosport ranger edge territory maverick bronco mustang f250 f150 escort courier transit mondeo hb20
    hb20s hb20x creta tucson ix35 santafe veracruz azera elantra i30 hr sonata kona veloster corolla
    corollacross yaris etios hilux sw4 hiluxsw4 rav4 camry prius fielder bandeirante civic city fit hrv wrv
    crv zrv accord kwid sandero logan duster oroch captur stepway clio megane fluence scenic symbol kangoo
    master kardian march versa kicks sentra frontier livina tiida leaf xterra c3 c4 c4cactus c4lounge c5
    aircross xsara picasso jumpy berlingo jumper basalt 206 207 208 2008 307 308 3008 408 5008 partner expert
    hoggar renegade compass commander cherokee grandcherokee wrangler gladiator rampage pajero pajerotr4
    pajerofull pajerosport l200 l200triton outlander asx lancer eclipse eclipsecross sportage sorento picanto
    cerato soul bongo stonic carnival niro mohave tiggo tiggo2 tiggo3x tiggo5x tiggo7 tiggo8 arrizo qq icar
    celer face 320i 328i x1 x2 x3 x4 x5 x6 118i 120i 125i m3 z4 a1 a3 a4 a5 a6 q3 q5 q7 q8 tt etron c180 c200
    c250 gla gla200 glb glc gle cla cla200 a200 b200 sprinter evoque rangerover rangeroverevoque discovery
    discoverysport freelander defender velar xc40 xc60 xc90 s60 v40 v60 c40 ex30 dolphin dolphinmini seal song
    songplus yuanplus king shark haval h6 ora tank cooper j2 j3 j5 j6 t40 t50 t60 forester impreza xv outback
    macan cayenne boxster panamera cayman 911 jimny vitara swift scross journey ram dakota ram1500 ram2500
    rampage cb300 cg160 biz titan fan pop bros pcx nmax fazer
    """
)
"""Names of cars that may not be in a stock: none of them is taken for a misspelling of another."""
