"""What names of ways are made of, in French: kinds of ways, and the words that are no one's name.

Compared without accents and case. A word that is missing here costs a place that could have been
told, never a secret.
"""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ABBREVIATIONS = {
    "all": "allée",
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "bvd": "boulevard",
    "ch": "chemin",
    "che": "chemin",
    "chem": "chemin",
    "fbg": "faubourg",
    "fg": "faubourg",
    "imp": "impasse",
    "pl": "place",
    "r": "rue",
    "rpt": "rond-point",
    "rte": "route",
    "sq": "square",
}
# Only right behind the way's own word and « du »: elsewhere "Dr" is somebody's doctor.
TITLE_ABBREVIATIONS = {
    "dr": "Docteur",
    "gal": "Général",
    "mal": "Maréchal",
    "cdt": "Commandant",
    "col": "Colonel",
    "cne": "Capitaine",
    "lt": "Lieutenant",
    "sgt": "Sergent",
    "pdt": "Président",
}
STREETS = _set(
    "allee allees avenue avenues boulevard chaussee chemin chemins cite clos corniche cote "
    "cour cours digue esplanade faubourg giratoire hameau impasse jardin jardins lieu-dit "
    "lotissement mail montee parc parking parvis passage passerelle place placette promenade "
    "quai quais quartier rampe rang rue ruelle sente sentier square traverse venelle viaduc "
    "voie za zac zc zi zone"
)
# These may stand alone: there is mostly one in a commune.
LANDMARKS = _set(
    "canal cimetiere ecluse eglise etang foret gare lac mairie marche plage port stade tunnel"
)
# After these, and nowhere else, a number is a road's and not a door's.
ROADS = _set(
    "aire autoroute bretelle carrefour croisement echangeur intersection peripherique pont "
    "rocade rond-point route"
)
BEFORE_A_WAY = _set(
    "ancien ancienne bas basse grand grande haut haute nouveau nouvelle petit petite vieille vieux"
)
LINKS = _set("a au aux d de des du en et l la le les sous sur")
# Of two letters and a name's, where others are what is left of a plate.
SHORT_WORDS = LINKS | _set("if or ru st za zc zi")
# Said of what follows.
DIRECTIONS = _set("direction sens sortie vers entre niveau hauteur lieu-dit")
DANGLING = LINKS | DIRECTIONS | _set("angle dit dite devant derriere face lot")
SAINTS = _set("notre saint sainte saints saintes st ste notre-dame")
NUMBERS = _set(
    "cent cents cinq cinquante cinquieme deux deuxieme dix dixieme douze huit huitante "
    "huitieme mil mille neuf neuvieme nonante octante onze quarante quatorze quatre quatrieme "
    "quinze seize sept septante septieme six sixieme soixante treize trente trois troisieme un "
    "vingt vingts zero"
)
# What is called new: "Pont Neuf". Behind anything else « neuf » is a number.
BUILT = _set(
    "bois bourg canal chateau chemin clos etang fort hameau marche mas moulin pont port pre puits "
    "quai quartier village"
)
# Behind a name, with somebody's: "rue des Tilleuls maison Dupont".
DWELLINGS = _set(
    "bergerie boucherie boulangerie brasserie cave chalet college domaine ecole fabrique ferme "
    "garage grange hospice hotel huilerie jardin laiterie loge logis lycee maison manoir mas "
    "papeterie pecherie piscine poterie presbytere propriete residence scierie terrain terrasse "
    "tuilerie usine"
)
ARTICLES = _set("l' la le les")
MONTHS = _set(
    "aout avril decembre fevrier janvier juillet juin mai mars novembre octobre septembre"
)
ADJECTIVES = _set(
    "ancien ancienne anciennes anciens artisanal artisanale bas basse basses beau beaux bel "
    "belle belles blanc blanche blanches blancs bleu bleue bleus bon bonne bonnes bons brun "
    "brune central centrale centre clair claire commercial commerciale communal communale "
    "court courte creuse creux departemental departementale dernier derniere dore doree double "
    "droit est ferroviaire fleuri fleurie fleuris fluvial forestier forestiere fraiche franc "
    "francais francaise francs froid froide grand grande grandes grands gris grise gros grosse "
    "haut haute hautes hauts industriel industrielle inferieur inferieure international "
    "internationale jaune joli jolie jolis libre long longs longue longues maritime municipal "
    "municipale national nationale neuf neufs neuve neuves noir noire noires noirs nord "
    "nouveau nouvelle ouest perdu perdue petit petite petites petits pietonne pietonnier plat "
    "plate premier premiere principal principale profond profonde prolonge prolongee public "
    "publique rond ronde rouge rouges royal royale rural rurale ruraux sacre sec seche simple "
    "sud superieur superieure universel vert verte vertes verts vicinal vicinale vieil vieille "
    "vieilles vieux vif vive"
)
TITLES = _set(
    "abbe adjudant amiral archeveque aspirant aviateur baron baronne brigadier capitaine "
    "caporal cardinal chancelier chanoine chevalier colonel commandant comte comtesse "
    "connetable cure docteur doyen duc duchesse empereur eveque frere freres general "
    "gouverneur imperatrice ingenieur instituteur intendant lieutenant lieutenant-colonel "
    "major marechal marquis marquise ministre pape prefet president prince princesse "
    "professeur quartier-maitre reine reverend roi senateur sergent sergent-chef soeur soeurs "
    "sous-lieutenant vicaire vicomte"
)
# What stands in the country, in a town, and what the Republic remembers.
NOUNS = (
    STREETS
    | LANDMARKS
    | ROADS
    | _set(
        "abattoir abbaye abreuvoir aeroport afrique aigle alouette alouettes alsace amandiers "
        "amitie aqueduc arbre arbres arc arcades armee armees armes armistice arsenal artisans "
        "aubepine aubepines aulnes aviation bac bain bains banque barrage barriere barrieres "
        "bascule bassin bastide bastion bataille bataillon bataillons batterie belvedere berge "
        "bergerie bergers berges bleuets bocage bois bord bords bosquet boucherie bouchers "
        "boulangerie bouleau bouleaux bourg bourgogne bourse brasserie briqueterie bruyere "
        "bruyeres butte buttes cale calvaire camp capucins carmelites carmes carriere "
        "carrieres cascade caserne casernes cave caves cedres cerisier cerisiers chalet champ "
        "champs chapelle charmes charmille charmilles charriere chasse chasseurs chataignier "
        "chataigniers chateau chatelet chaume chaumes chene chenes cheneviere chenevieres "
        "cheval chevaux chevres ciel cimetiere clairiere cloche cloitre coin col college "
        "colline collines combattants combe combes commerce commune compagnie compagnons "
        "concorde constitution coq coquelicots corbeau corbeaux cordeliers corderie coteau "
        "coteaux couvent crete cretes creux croisette croix culture cygne cygnes dame dames "
        "debarquement demoiselles deportation deportes desert dieu division domaine douane "
        "douanes drapeaux droits dune dunes eau eaux ecluses ecole ecoles ecu ecureuils "
        "egalite eglantiers eglises emigres enclos epi epine epines epis ermitage espace "
        "espaces espagne esperance etangs etats etoile etoiles europe fabrique faisanderie "
        "falaise falaises fauvettes ferme fermes fete fetes filature fleur fleurs fond "
        "fonderie fontaine fontaines forets forge forgerons forges fort fosse fosses fougeres "
        "foulon four fours france fraternite frene frenes fusilles galets garenne garennes "
        "gendarmerie genets glaciere glacis golf gorge gorges goutte gouttes grange granges "
        "graviere gravieres greve groupe gue guerre haie haies halle halles haras hauteurs "
        "hermitage heros hetre hetres hirondelles hopital horizon horloge hospice hotel "
        "huilerie ile iles independance industrie infanterie iris ivoire jasmin jeu jeux "
        "jonquilles justice laiterie lande landes laurier lauriers lavandes lavoir legion "
        "liberation liberte lievre lilas lin lion lions lisiere locomotive loge loges logis "
        "loire lorraine loup loups louve luciole lumiere lumieres lune lycee maison maisons "
        "maladiere maladrerie manege manoir manufacture maquis maquisards maraichers marais "
        "mare marguerites marine marins marne marronnier marronniers marseillaise martyrs mas "
        "menhir mer meridien merisiers merle merles mesanges metiers meuniere mimosas mine "
        "mines mineurs mont montagne monts monument moulin moulins moutons muguet mur muriers "
        "murs musee museum musique myosotis myrtilles nations nature noisetiers normandie "
        "noyer noyers oeillets oiseau oiseaux olivier oliviers or oratoire oree orfevres orme "
        "ormeau ormeaux ormes ouche ouches ouvriere ouvriers paix palais papeterie papillons "
        "paques paradis paroisse pas patrie paturage paturages pature pays paysans pecherie "
        "pecheurs pensees perche perdrix peripherique perriere pervenches peuple peuplier "
        "peupliers philosophes piece pierre pierres pigeonnier pin pinede pins pinsons piscine "
        "piste pistes plaine plaines plan planche planches platanes plateau plein poilus "
        "pointe poirier poiriers poissonniers pommier pommiers ponts porcelaine porche portail "
        "porte portes poste poterie potiers poudriere prairie prairies pre pres presbytere "
        "pressoir prevote prieure primeveres printemps procession progres provence pruniers "
        "puits quatre ravin regiment rempart remparts renard renards republique residence "
        "resistance resistants revolution rhin rhone rive rives riviere roche rocher rochers "
        "roches roitelet rose roseau roseaux roseraie roses rossignol rossignols roue ruisseau "
        "ruisseaux sable sables sabliere sablieres sablon sablons sacrement sapin sapins saule "
        "saules savane savoie sciences scierie secours seigneur seigneurie seine semailles "
        "serre serres soleil sommet sorbiers source sources souvenir sport sports stalingrad "
        "sureau tannerie tanneries tanneurs temple temps terrain terrasse terrasses terre "
        "terres tertre theatre thermes thym tilleul tilleuls tisserands tour tourelle "
        "tournesols tours train tramway travail trefles treille trou troubadours tuilerie "
        "tuileries tulipes union unite universite usine usines val vallee vallon varenne "
        "varennes vendanges venise verdun verger vergers vergne vergnes verrerie victoire "
        "victoires vigne vignerons vignes vignoble village villages ville villette violettes "
        "vivier voile volcan voutes zouaves"
    )
)
# Names of streets that hold a word which is told nowhere else, as a whole behind the way's word.
TRUE_NAMES = _set(
    "derriere-l'eglise de-l'enceinte de-l'enfant-jesus de-la-famille-lumiere de-la-mere-dieu "
    "des-americains des-anglais des-italiens des-polonais "
    "des-droits-de-l'homme des-droits-de-l'homme-et-du-citoyen des-enfants-de-troupe "
    "des-femmes des-gardes-du-corps des-juifs des-justes-parmi-les-nations des-malades "
    "des-quatre-fils des-quinze-vingts des-victimes-de-guerre des-victimes-du-nazisme "
    "du-bon-pere du-corps-de-garde du-pere-lachaise du-pere-noel du-vol-a-voile"
)
