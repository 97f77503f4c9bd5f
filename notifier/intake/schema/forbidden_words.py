"""Words that never leave: what is said about a person, who a person is, what one is told to do.

Shared by all that judges a text written by dispatch: a place's name, a reference. Compared without
case, accents, ligatures. A word that is both a secret and a street's (« Malades ») is a secret.
"""

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)  # a name of a way asks for the same few words over and over
def fold(text: str) -> str:
    """Fold accents, case, ligatures and compatibility forms: "Œdème" and full-width "OEDEME"."""
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return letters.casefold().replace("œ", "oe").replace("æ", "ae").replace("ı", "i")


def is_forbidden(word: str) -> bool:
    """Return whether a single word, without apostrophe or hyphen, may not be told."""
    bare = fold(word)
    if bare in _TRUE_WORDS:
        return False
    return bare in _WORDS or _STEMS.match(bare) is not None or _ENDINGS.search(bare) is not None


def is_first_name(word: str) -> bool:
    """Return whether it is a given name, of people in France or of those its streets honour."""
    return fold(word) in FIRST_NAMES


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Who lives there, which door, by which title; who called.
_PEOPLE = _set(
    "app appart appartement appartements appelant appelante appt apt auteur autrice bat "
    "batiment batiments beaufrere bis bloc boite chez code codes compagne compagnon concubin "
    "concubine conjoint conjointe contact contacter copain copine couple cousin cousine "
    "digicode domicile dr droite enfant enfants entree epouse epoux escalier etage ex famille "
    "femme femmes fille filles fils foyer gamin gamine garcon garconnet gauche gosse habitation "
    "homme hommes immat immatriculation immatricule individu individus interphone jumeaux "
    "jumelle jumelles locataire locataires logement m madame mademoiselle maitre maitres maman "
    "mari me melle meme mere meres mesdames messieurs mgr mineur mineure mlle mlles mm mme mmes "
    "mobile monsieur mr mrs ne nee nes neveu niece nom nomme nommee nommes numero numeros "
    "occupant occupante oncle papa pere peres plaque portable pr prenom proprietaire "
    "proprietaires quater rdc requerant requerante res sonnette surnomme surnommee suspect "
    "suspecte tante tel telephone temoin temoins ter tuteur veuf veuve victime victimes villa "
    "voisin voisine voisines voisins"
)
# An offence, and who is said to have done it or to have suffered it.
_OFFENCES = _set(
    "accuse accusee acte agresse agressee agresses agresseur agresseurs agression agressions "
    "arme attentat attentats bagarre bagarres bagnard barbarie bombe braquage braqueur brigand "
    "cambriolage cambriolages cambriole cambriolee cambrioleur cambrioleurs cannabis chantage "
    "cocaine complice condamne condamnee coupable coups couteau couteaux crime crimes criminel "
    "criminelle criminels deal dealer dealers dealeur delinquant delinquante delinquants delit "
    "delits detenu detenue detenus egorge egorgee enleve enlevee enlevement escroc escroquerie "
    "etrangle etranglee evade evadee evades exhibition exhibitionniste explosif explosifs "
    "explosion feu fiche fichee fichier flammes forcene forcenee fraude fraudeur fugitif "
    "fugitive fusil fusillade garde_a_vue gav harcele harcelee harcelement harceleur heroine "
    "homicide homicides incendiaire incendie incendies inceste incestueux interpellation "
    "interpelle interpellee kalachnikov kidnappe kidnapping machette maltraitance maltraite "
    "maltraitee menacait menace menacee menaces meurtre meurtres meurtrier meurtriere otage "
    "otages outrage pedo pedophile pedophiles pedos perquisition pistolet plaignant plaignante "
    "poignarde poignardee preneur prisonnier prisonniere prostitue prostituee prostituees "
    "prostitution proxenete proxenetisme pyromane racket rackette rapt receleur recidiviste "
    "revolver rixe rixes sequestration sequestre sequestree squat squatteur squatteurs stups "
    "tabasse tabassee terro tir tireur tirs tortionnaire torture tortures tue tuee tuent tuer "
    "tuerie tues tueur tueuse vandale vandalisme viol viole violee violees violence violences "
    "violent violente violentes violents violer violeur violeurs violeuse viols vol vole volee "
    "voler voles voleur voleurs voleuse vols"
)
# A health, an age, an end.
_HEALTH = _set(
    "accouchant accouche accouchement ado adolescent adolescente adolescents ados age agee "
    "agees ages alcool alcoolise alcoolisee alcoolisme aliene alienee alzheimer amnesique "
    "anorexie anorexique ans asthme attarde attardee autisme autiste autistes avc avorte "
    "avortement bebe bipolaire bipolarite blesse blessee blessees blesses blessure blessures "
    "boulimie brule brulee brules cadavre cadavres cancer cancereux cardiaque chimio "
    "chimiotherapie coma comateux contagieuse contagieux contamine contaminee corps covid crise "
    "debile decede decedee decedees decedes deces defunt defunte delirant delire demence dement "
    "demente dependante depressif depression depressive desequilibre desequilibree diabete "
    "diabetique dialyse drogue droguee drogues ebola ebriete enceinte epilepsie epileptique "
    "euthanasie fievre folie folle fou fugue fugueur fugueuse gangrene gonorrhee grabataire "
    "grossesse handicap handicape handicapee handicapes hemorragie hepatite hiv hospitalise "
    "hospitalisee hysterique inanime inanimee inconscient inconsciente infarctus infecte "
    "infectee infection infirme infirmite intoxication intoxique intoxiquee ivre ivres ivresse "
    "aveugle aveugles curatelle fauteuil genoux insuline methadone morphine muet muette muets "
    "neuroleptique oxygene perfusion poil sourd sourde sourde-muette sourd-muet sourds tutelle "
    "lepre leucemie malade malades maladie maladies malaise meningite meningitique mental "
    "mentale mongol mongolien mort morte mortel mortelle morts mourant mourante mst "
    "mucoviscidose mutile mutilee nourrisson noyade noyades noye noyee noyes otage overdose "
    "paralyse paranoia paranoiaque parkinson pendaison pendu pendue psy psychiatre psychiatrie "
    "psychiatrique psychologique psychopathe psychose psychotique rage sang scarifie schizo "
    "schizophrene schizophrenes schizophrenie sclerose senile seropositif seropositifs "
    "seropositive sevrage sida sideen subutex suicidaire suicide suicidee suicides syphilis "
    "cleptomane mythomane nymphomane "
    "tentative toxico toxicomane toxicomanes toxicos trisomie trisomique ts tuberculeux "
    "tuberculose tumeur variole variolique vih virus"
)
# What else the law holds to be a person's own (RGPD, art. 9), and the words for a stranger.
_INTIMATE = _set(
    "afghan afghane afghans africain africaine africains albanais albanaise algerien algerienne "
    "algeriens anglais armenien armenienne armeniens asiatique asiatiques bosniaque bosniaques "
    "bresilien bresilienne bulgare bulgares chinois chinoise comorien comorienne comoriens "
    "congolais erythreen georgien georgienne georgiens irakien irakienne irakiens iranien "
    "iranienne italien italienne ivoirien ivoirienne kosovar kosovare kosovars kurde kurdes "
    "macedonien malien malienne maliens marocain marocaine marocains metis metisse moldave "
    "moldaves nigerian pakistanais polonais polonaise portugais portugaise race races roumain "
    "roumaine roumains russe russes senegalais serbe serbes slave somalien somalienne soudanais "
    "soudanaise syrien syrienne syriens tchetchene tchetchenes tunisien tunisienne tunisiens "
    "turc turcs turque turques ukrainien ukrainienne ukrainiens "
    "adultere amant amante arabe arabes bisexuel bouddhiste bougnoule clandestin clandestine "
    "clandestins cocu cocue communiste con connard connasse conne divorce divorcee divorces "
    "encule fasciste gay gays gitan gitane gitans handi homo homos homosexuel homosexuelle "
    "homosexuels immigre immigree immigres islamiste islamistes juif juifs juive juives "
    "lesbienne lesbiennes maghrebin maitresse marabout merde migrant migrante migrants musulman "
    "musulmane musulmans nazi nazis negre negresse negro nique nue nus pd pede porno "
    "pornographie pouffiasse putain pute putes raciste refugie refugiee rom roms salope salopes "
    "sdf sexe sexuel sexuelle sexuelles sexuels syndicaliste tafiole tapette trans transgenre "
    "transsexuel travesti tzigane tziganes vagabond"
)
# What one is told to do, and the words of a sentence: a name has none of them.
_SENTENCE = _set(
    "actuellement afin ailleurs ainsi alerte alertes alors appel appele appeler appelle "
    "appellent appelons appels assez attendre attention au-dela aujourd aujourd'hui aussi autre "
    "autres avaient avait avec avoir avons bien bitcoin bloque bloquee bonjour bonsoir car "
    "carte ce ceci cela celle celui certain ces cet cette ceux chaque clic cliquer cliquons com "
    "combien comme comment composer composons confine confinee confinement confines connecter "
    "contre cri crie crient cris danger dangereuse dangereux dangers debout dedans dehors deja "
    "demande demandent demander depuis dire dois doit doivent donc dont durant elle elles email "
    "encore ensuite envoi envoie envoyer essayer est etaient etait etant etre euro euros "
    "evacuation evacue evacuee evacuees evacuer evacues evacuons excuse facebook faire fait "
    "faut fermer feux fuir fuis fuit fuite fuyons gmail gouv gratuit grave gravement graves "
    "helas hier horrible http https ici ignorer il ils immediat immediate immediatement infos "
    "instagram interdit interdite internet ivg jamais je joindre juste laisse laisser laquelle "
    "leur leurs lien liens lui ma maintenant mais mal mauvais mdp menti mes message mien mis "
    "mise moi moins mon mortellement mot musulman non nos nous nu obligatoire on ordonne ordre "
    "ordres oui par parce parle parler partir pas paye payer payez pendant personne personnes "
    "peut peuvent plus pour pourquoi prevenir prevenons prevenu prier pris prochain proche "
    "quand que quel quelle quelqu qui quitter quoi rapidement rappel rappele rappeler rappelle "
    "rappelons refuse rejoindre rendre repondre reponds rester retenu sa saisi sait sauver se "
    "sera sernt ses si sinon sms snapchat soi sois soit sommes son sont sortir sortons souvent "
    "stop suis suit suivre svp ta tandis te telegram telephone telephoner tenir tes toi ton "
    "toujours tres trop trouve trouvee tu un une urgence urgences urgent urgente urgentes "
    "urgents url va venir venons veut viens vient virement vite voici voila voir vont vos votre "
    "vous vu whatsap whatsapp www zero"
)
# A vehicle and who is in it: with the hour and the commune, they name somebody.
_VEHICLES = _set(
    "camionnette caravane chauffeur conducteur conducteurs conductrice conjugal conjugale "
    "conjugales cycliste cyclistes disparu disparue disparus dispute motard motards moto motos "
    "passager passagere passagers scooter trottinette vehicule vehicules voiture voitures"
)
_WORDS = frozenset(
    word
    for words in (_PEOPLE, _OFFENCES, _HEALTH, _INTIMATE, _SENTENCE, _VEHICLES)
    for word in words
)
_STEMS = re.compile(
    r"(?:agress|alcooli|assassin|attouch|cocain|contamin|criminel|decapit|depress|desequilib"
    r"|djihad|jihad|empoison|etrangl|euthanas|evacu|handicap|hallucin|harcel|hemipleg|homicid"
    r"|homosex|incest|infanticid|infect|intoxi|islamis|kidnap|maltrait|meurtr|mutil|parapleg"
    r"|paranoi|parricid|pedocrim|pedoph|pervers|pornog|poignard|prevenez|prostitu|psych|radicalis"
    r"|sadiq|scarif|schizo|seroposi|sexu|stupef|suicid|terroris|tetrapleg|toxicom|trafi[cq]"
    r"|tubercul|urgen|viole[nu]|voyeur|zoophil)"
)
# Imperatives of politeness, and adverbs: what a name of a way does not end in.
_ENDINGS = re.compile(
    r"(?:ez(?:moi|nous|vous|l[ae]s?)?|philes?|phobes?|pathes?|maniaques?|therapie"
    r"|ivement|ellement|emment|amment|diatement|usement)$"
)
_TRUE_WORDS = _set(
    "alvarez corez cortez dampniez dominguez douarnenez fernandez gomez gonzalez hernandez lez "
    "lopez martinez nez nunez perez ramirez rez rodez rodriguez sanchez sez suez trez velasquez"
)
# Given names.
FIRST_NAMES = _set(
    "pierre aaron abdel abdelkader abdou abel abraham achille adam adelaide adele adeline adolphe "
    "adrien adrienne agathe agnes ahmed aicha alain alan alban albane albert alberte alberto "
    "albin alcide aldo alessandro alex alexandra alexandre alexandrine alexei alexia alexis "
    "alfred ali alice alicia aline alix alois alphonse amadeus amandine amaury ambre ambroise "
    "amedee amelie amina amine amy anais anastasia anatole andre andrea andree andrei angele "
    "angelina angelique anita ann anna annabelle anne annette annick annie anouk anselme "
    "anthony antoine antoinette anton antonin antonio apolline ariane arianne aristide arlette "
    "armand armande armelle arnaud arsene arthur arturo astrid athanase aubin aude audrey "
    "august auguste augustin augustine aurelia aurelie aurelien aurore axel axelle aymeric "
    "ayoub baptiste baptistin barbara barnabe barthelemy bartholome basile bastien baudouin "
    "beate beatrice benedicte benito benjamin benoit berenger berenice bernadette bernard "
    "bernardin berthe bertin bertrand bettina bilal blaise blanche bob boris brian brice "
    "brigitte bruno camille candice capucine carine carl carla carlos carmen carole caroline "
    "cassandra catherine cecile cedric celeste celestin celestine celia celine cesar chantal "
    "charlene charles charlie charlotte che chloe christelle christian christiane christine "
    "christophe claire clara clarisse claude claudette claudine clelia clemence clement "
    "clementine cleo clotilde clovis colette colin corentin corinne cyprien cyr cyril cyrille "
    "damien dan daniel daniele danielle daphne david deborah delphine denis denise desire diane "
    "didier dimitri dominique donatien dora doriane dorothee dounia dylan edgar edgard edith "
    "edmee edmond edmonde edouard eduardo edward eglantine eleonore eliane elias elie eliette "
    "eliot elisa elisabeth elise eliseo elizabeth ella ellen elodie eloi eloise elsa elvire "
    "emeline emeric emile emilie emilien emilienne emily emma emmanuel emmanuelle enzo ephraim "
    "eric erica erik ernest ernestine ernesto ernst erwan esteban estelle esther ethan etienne "
    "etiennette eugene eugenie eulalie eusebe eustache eva evariste eve evelyne fabien fabienne "
    "fabio fabrice fanny farid fatima fatou faustin faustine federico felicie felicien felicite "
    "felix ferdinand fernand fernande fernando fidel firmin flavie flavien flora flore florence "
    "florent florentin florian francesca francesco francine francis francisco franck francois "
    "francoise frank franklin franz fred frederic frederick frederique friedrich gabin gabriel "
    "gabriella gabrielle gael gaelle gaetan galileo gaspard gaston gatien gautier gedeon "
    "genevieve geoffrey geoffroy george georges georgette georgina gerald geraldine gerard "
    "germain germaine gerome gertrude ghislain ghislaine gilbert gilberte gilles gina ginette "
    "giovanni gisele giuseppe gladys godefroy gontran grace graziella gregoire gregory gretel "
    "guenole guilhem guillaume guillemette gustave guy gwenael gwenaelle hadrien hakim hamid "
    "hans harold harriet hassan hector heidi heinrich helene heloise henri henriette henry "
    "herbert hercule hermann hermine herve hilaire hippolyte honore honorine horace hortense "
    "hubert hugo hugues humbert hyacinthe ian ibrahim ignace igor imran ines ingrid irene "
    "irenee iris isaac isabelle isadora isidore ismael ivan jack jacky jacob jacqueline jacques "
    "jade jakob james jamila jan jane janine jasmine jason jawad jean jeanine jeanne jeannette "
    "jeannine jennifer jeremie jeremy jerome jessica jim joachim joan joann joanna joaquim joe "
    "joel joelle johan johann johanna johannes john johnny jonas jonathan jordan jorge jose "
    "josef joseph josephe josephine joshua josiane josse josselin josue joyce juan judith jules "
    "julia julian julie julien julienne juliette justin justine kader kaled karim karine karl "
    "katherine kathleen katia kenza kevin khadija khaled killian kim kylian laetitia lamine "
    "lara laszlo laura laure laurence laurene laurent laurette laurie lazare lea leandre leila "
    "lena leo leon leonard leonardo leonce leone leonid leonie leonore leopold leopoldine "
    "leslie lia liam lila lilian liliane lilly lily lina linda line lionel lisa lise lisette "
    "livia loic lola lorenzo lou louane louis louisa louise louisette lubin luc luca lucas luce "
    "lucette lucie lucien lucienne lucile lucille lucrece ludivine ludovic ludwig luigi luis "
    "luther lydia lydie mael maelle maeva magali magdalena magdeleine mahatma mahmoud maite "
    "malcolm malik malika malo manon manuel manuela marc marcel marcelin marceline marcelle "
    "marcellin marco marcus margaret margaux margot maria mariam marianne marie mariette "
    "marilyn mario marion marius marlene marta marthe martial martin martine martinien maryline "
    "maryse maryvonne mata mateo mathieu mathilde mathis mathurin matteo matthias matthieu maud "
    "maurice mauricette max maxence maxim maxime maximilien maxine maya mehdi melanie melchior "
    "melina melissa melodie mercedes michael michel michele micheles micheline michelle mickael "
    "miguel mikhail mila mireille miriam modeste mohamed mohammed moise monica monique morgan "
    "morgane mostafa mouloud moussa mustapha myriam nabil nadege nadia nadine nadir naim "
    "napoleon narcisse natacha nathalie nathan nathanael neil nelly nelson nestor nicaise nicolas "
    "nicole nicolo nikita nikola nina ninon noam noe noemie nolan nora norbert nour octave "
    "octavie odette odile odilon olga olivia olivier olympe olympia ondine oscar oswald othello "
    "othon pablo paco pacome pamela paola paolo pascal pascale pascaline patrice patricia "
    "patrick paul paula paule paulette paulin pauline pedro peggy perrine peter petrus philemon "
    "philibert philippa philippe philippine philomene pia pierrette pierrick placide primo "
    "prosper quentin rachel rachid rainer raissa ralph rambert ramon raoul raphael raphaelle "
    "rayan raymond raymonde rebecca regine regis remi remy renaud rene renee ricardo richard "
    "rita robert roberta roberte roberto robin robinson rodolphe rodrigue roger roland rolande "
    "romain romane romeo romuald ronald ronan rosa rosalie rosalind rosalinde rosaline roseline "
    "rosette rosie rosine roxane ruben rudolf rudyard ruth ryan sabine sabrina sacha sadi salim "
    "sally salomon salvador salvatore sam samantha samir samuel samy sandra sandrine sandro "
    "sara sarah saul sebastien selim selma serge sergio servais severin severine sharon sidney "
    "sidoine sidonie siegfried sigismond sigmund simon simone simonne sixte sofia solange "
    "solene sonia sophia sophie soren stanislas stella stephan stephane stephanie steve steven "
    "stevie sulpice suzanne suzette suzie suzy sydney sylvain sylvaine sylvester sylvestre "
    "sylvette sylviane sylvie tanguy tania tatiana teddy telesphore teo teresa tess thaddee "
    "thea theodor theodora theodore theophile theophraste theresa therese thibaud thibault "
    "thibaut thierry thomas tiago tibor tim timothee tino tiphaine titouan tom tommy tony "
    "tristan ugo ulrich ulysse urbain ursule valentin valentina valentine valere valerie valery "
    "vanessa vera veronique victor victoria victorien victorine viktor vincent vincente "
    "violaine virginia virginie vital vitaly vivian viviane vladimir walt walter wanda werner "
    "wilfried wilhelm will william willy winston wolfgang xavier yacine yael yanis yann yannick "
    "yasmine yoann yohan yolande youri youssef yuri yvan yves yvette yvon yvonne zacharie zelie "
    "zephirin zoe zohra"
)
