"""The letters of languages by how frequent they are, and the languages of each code page.

A string of `LETTERS` holds groups of letters separated by spaces; the letters of a group are about half as frequent
as those of the group before ("." is an empty group). The frequencies are those in words that hold a letter beyond
ASCII, since only these tell encodings apart; they are rough on purpose.
"""

from __future__ import annotations

from typing import Final

ANY_LANGUAGE: Final = "several languages"

COMMON_SIGNS: Final = "‘’“”–—…«»€£°•¿¡„ºªµ"
RARE_SIGNS: Final = "§·®©™²³½¼¾±×µ¢¥†‹›‚¹´¨´„№÷¶\u00ad`‡‰"

LETTERS: Final[dict[str, str]] = {
    "English": "et noairshl dcfu mygpbv w . kqjé x z ñüïöèáóçêëâíôäåøæ",
    "French": "éer tisnac odpulm àgf èhêbvq x îôy zâj ù ûçï œëkw . ÿæ",
    "German": "en rgtü islhufäc abökdzm ßwpv o . . x q yj éèáàâêôç",
    "Spanish": "ince aósorl tmdápíu vbúf gñé x z qjh . yüçkw",
    "Portuguese": "o esianãrçc lmpdtv íáué fbõgóú êzxh àâ j q . üòèìùkwy",
    "Italian": "è iàtpr eolnu aòcsbù vgédhm . fìz . jkwxy . îq",
    "Dutch": "e nrlé dtigïas ë opvó bkfmhcjwyz x u . öèüáêçàâíôûúäq",
    "Swedish": "rnä telasödfg åivk moph buj . yc x z éüàèæø qw",
    "Danish": "er sntlædg øiåvkf pomaub hjé . c y . . öäüôòóàáèqwxz",
    "Norwegian": "erå ønlkts pgimdf voajuæ bh y é . èôòóêàäöü wz cqx",
    "Finnish": "ä tiesn kyl mroöv aupjhd . . b åf géc šžwxzq üõ",
    "Catalan": "iscea rntó omlpéàd uvíèf úçbògx qï üzj h· . ykw",
    "Icelandic": "arð instluem ákgþfívój döæéh úybpoý . . . z x wcq",
    "Galician": "inaec soórtl ápdmíbé uúñv fgx z qh . . küï jwy",
    "Albanian": "ë tr sneaij phmdokl ugvq fbz yçc . . . wx",
    "Irish": "iahnr átísdolce méúóf bgp u . . . . vkwxyz jq",
    "Afrikaans": "er lêi aënt omsbdg ép kfuvw óïhy èôûîöüá . cjqxz",
    "Estonian": "istea äõvlumnk üdrjg phbo ö . f . žš . cwxyzq é",
    "Polish": "aoiew nzycłsdrkpt żuąmęśjólć bg ńh ź . f . . . vxqéöüä",
    "Czech": "noe íatvpáslkrdi muzřčcýžhé ěbyjš ů f úg óňx ť ďwq . öüä",
    "Slovak": "oane rvitspák dlumzčíýbúcéťžy hjšľ . f ôgóňä ĺxď ŕ . wq öü",
    "Hungarian": "etls aáéknzro imgvb hóíyjfdöőp cuü úű . . x . wq . ä",
    "Romanian": "ie ănartc ulţoşspf îdm zvgâb . xh . j kwyq . éöüáó",
    "Croatian": "aeio nručj ktšvpmćždlgs zđ b ch . . f . éxwyq äöüá",
    "Slovene": "oei ačnl ršvtkpmjžs uzdg bh c . . f ćđ wxyq éäöü",
    "Russian": "оеаин тсрвл дпмкуыязь бйчгж хфюцщш э ё ъ",
    "Ukrainian": "оани ветірсдклп музя бйьчг жєхцюфш щї . . . ґ . . ъыэё",
    "Bulgarian": "ае онитрв сдплзкм ъябуч жгйфц щшх . ю ь . . . ыэ",
    "Serbian": "ае ионртс удпквмјз лбг њшчљц жћх ђф . џ",
    "Macedonian": "ао еинтр всдклп музбј гчцњшж . ќфѓ . хљџѕ",
    "Belarusian": "а н ыреілксвдяптом цузьўбч гэй шхжюф . ё ʼ . . . ґ",
    "Greek": "αοετ ινρσημπκ υςίλδγέή άόχθω ύφώβ ξζ . ψ . . ϊϋ ΐΰ",
    "Turkish": "aı ielnrm dsktyşçüu ğzbogö ch vpf . . îû â wjqx",
    "Hebrew": "יו הלתאמרבש נדכעקחםפ סגןזט צך ףץ",
    "Arabic": (
        "ال يم تورنةعدف بحسقأكهجص إخطذشضىغ ز،\u0651ثء ئ\u064bظ؛؟ ؤ آ\u064fـ\u0650 \u064e\u064c\u064d \u0652 . گچپ"
    ),
    "Persian": "ا یدرنومهت بکشس لقعزخحف\u200c جگپص\u0654آ ط،ذ چضظئغ \u064bث ژ\u0651 ء؛ؤ ؟أ ۀ",
    "Latvian": "aits eārīnu mklēdopbjvz šgc ūļņ fķ žģ h . čŗō . wxyq",
    "Lithuanian": "ia sten rkmolšuėųp dvįgąžyjb ūęč f c z . h wxq . ö",
    "Thai": (
        "ารอ กน\u0e48มเ\u0e49งัดลิีสย ตทบแวไคะหจปขพ ชื์\u0e39ใ\u0e38ำถโ็ ฟซธณผภ ึษศญฐ ๆฏฮ ฉ ฎฤฝฒฯ . \u0e4aฑฆฌฬ ฿๐๑๒๓๔๕๖๗๘๙"
    ),
    "Vietnamese": "nh\u0323 it\u0301ca\u0300guêô\u0309 đưoâơpkml \u0303byvdrăs . xeq . . f j wz",
    "Chinese (simplified)": (
        "的，。 一不是有在 个了人中为件用和：这出他文我以时无到们上法行大来 对可要数国能地会定、于作说下而分生自“"
        "”字使就后过如子也所或本符发得你进之名（）并目没将？成 前！那提当式输着入包多同已指选动现年其种家表被方新道"
        "开里然经正从果小重信项者它制取只合未应事交理都部权任录由标么面效置此格但变命第您起去工主程学意间些最位设更除"
        "看因关内建引加则解性何还长号天象好实打与认量示样利参接据存知心日回值明支全系 错外软非义安想度头相类机情列通"
        "等受空她令组问处该十力次请把向结；条息公给两显点民模配保军必区许失务代基读找需三二路删及业体态别高手统告误教"
        "期版见原换先身常索化少又确状很至序物政记且产特平创含败比达各改运战立美计求什题西社管码反写己员真操世完库月话"
        "移准转报太称节斯即每活论展像户老执 编门儿口规默器总形放色声才东决复海水做算段退略几再识持共串女服装克获图走"
        "强签查神直资切径始四电尔修治气界限白型清享候带导感术块仓便跟望载返德领链场传注却补市科山金整队住"
    ),
    "Chinese (traditional)": (
        "的，。 不一有在是 個了人中：為和用這他我無檔時法以定到出來上們「」要大 國會可案能行對地作數生、說指得於目"
        "使而分子自後本發就下式過也所你如之入名件沒或取成動？！那位（ 提）新著前字將合設開多同已輸年選方重現種進者家"
        "裡正理其道然列經當物被格項從變事結工只權引由果但都面效區標小錄部元麼交表未去性應除學此示更錯第主立誤任起些間"
        "關體解建最資還因意存它看實機樣天好利您號全回何日相心與長組令稱支包版訊頭知情等 想明符非程類受代條空她路力值"
        "向加兩外處次必公文度安民參請並把顯傳軍十製通記執套命讀模期先；業原至問及化別產三保二完高義教基找特信確少常平"
        "又規很身失料点修見給態則狀政統手碼需刪寫索并內庫比量告戰美什各接預話認許社西做求串該敗世員己月徑略務併太題且"
        "真才計斯打反活像管清制端報即準編老形内係服型聲論裝兒展移含啟門東決白置 連海水放束複再女電強識幾總息直改走神"
        "色序切”塊口每整“爾算氣四共影容換界達單須治快器始金據感術便享德帶追場望運忽市科書住供轉资山克援"
    ),
    "Japanese": (
        "のますーしを でにはンいがルるてイなたトれ。せん、ス フさクッシりとァきリプあョかド定 ジラセタこ数デらみア"
        "エパレ用グコ力ィくオ名バロもテけ行ブ指キ表ケ 合無文つ使サメよ効有っ字出マ不び利め人作示込的入成場権だム失ェ"
        "要中変ボ正う値自対ポ除敗一再べダ置設読時“”書生終及内前そ取更式動ュ削 存モ保カ必可関国番最配引認発号実報形"
        "おえわ間ヘ了ば明在開列後能期ユ情ザ子得ウ含ズ由見新告当ォ準ソャ警受全チ以性鍵選目上又ビ同意照義解大空標理下参"
        "へ長視換法現択ナ 限複切検先ペ確加証信各命所ぎ制ワベ予進ず等じ追接記組型付個者む分ネ会位別始社教覧属持外他索"
        "署続返令際連日平言画護化基完語重通初像ち非何ど整部ガ展本代小端ハ共己素ミ操異度や識単方並決公問止訳未状常適待"
        "末致ピ依 構与範囲態起割処翻容尾許注算壊述区育求項・宣係優順頭域種回尊圧扱違釈拡張地互境応庫特修改縮類差移想"
        "件次環元ゴニ（閉為価身）辞管済避結詳送知様手民活治罪障家集条ゲ題機立密働戻多提来反事格替既説例ホ演装浮般精宗"
        "享果ほ秘労規倍呼 専達残帰強相序細計古析供白査幅厳和"
    ),
    "Korean": (
        "다니 이을지에하습를 는가합로수의시자일한정없리파기사 스서인은트용않어할오으적제대모있치그력패문터보만아음"
        "나실해입위고표션면부 경거옵상전과바여도명작소행출되성름설디데유록진프들동식요브드권중업된키했장목든변류번렉"
        "호크와태값내형또열비세재커필“”메환읽조항령현 개밋라원못추무주구버간공야미잘신반분우선레러었체본생때함더국"
        "았절람단십른당며마려준종타연저게안최랜받너복결화끝래줄각처올병존젝퍼확예런알법참택발닙계 속져링두역포능료등"
        "및활노따코초통별접관찾증같새쓰교임덱셸심완템폴널운램회방볼색산근백언됩것배삭빈검석페블텍딩듈림쓸건플숫앞후릭"
        "테묶누집불컨꾸순규직 립매르뒤허깃렬향술듭히닫격강떤밀까범특냅헤토느돌베덮컬편차룹턴째날떠갑맞졌닌붙양질남푸"
        "쪽막육셋될빠슬략혼급움카독웨말평므점났많약효족금케짜길릴피씁죄충청꿀싱납큽 취물긴웃영잠렇였견롭달징망애객탭"
        "콜티외큰꿉캐뀌깁옮젯엄짐민련클릿축줍괄념됨암울천론폭난박황먼살쳐감봅벗꿈압학칙탈휴응네워컴뉴핸켓뜁큼"
    ),
}

_WESTERN: Final = (
    "English",
    "French",
    "German",
    "Spanish",
    "Portuguese",
    "Italian",
    "Dutch",
    "Swedish",
    "Danish",
    "Norwegian",
    "Finnish",
    "Catalan",
    "Icelandic",
    "Galician",
    "Albanian",
    "Irish",
    "Afrikaans",
    "Estonian",
)
_CENTRAL: Final = ("Polish", "Czech", "Slovak", "Hungarian", "Romanian", "Croatian", "Slovene", "German")
_CYRILLIC: Final = ("Russian", "Ukrainian", "Bulgarian", "Serbian", "Macedonian", "Belarusian")
_BALTIC: Final = ("Latvian", "Lithuanian", "Estonian")
_CHINESE: Final = ("Chinese (simplified)", "Chinese (traditional)")

RARER_LANGUAGES: Final = (
    "Galician",
    "Albanian",
    "Irish",
    "Afrikaans",
    "Serbian",
    "Macedonian",
    "Belarusian",
    "Persian",
    ANY_LANGUAGE,
)

MULTIBYTE: Final = {
    "gb18030": (0xB0, 0xD7),
    "cp932": (0x88, 0x97),
    "cp949": (0xB0, 0xC8),
    "cp950": (0xA4, 0xC6),
    "euc_jp": (0xB0, 0xCF),
    "euc_kr": (0xB0, 0xC8),
    "big5": (0xA4, 0xC6),
    "big5hkscs": (0xA4, 0xC6),
}
"""The first bytes of the characters in ordinary use: the first level of each standard."""

CODE_PAGES: Final[dict[str, tuple[float, tuple[str, ...]]]] = {
    "cp1252": (0.0, _WESTERN),
    "gb18030": (-1.0, _CHINESE),
    "cp1251": (-2.0, _CYRILLIC),
    "cp1250": (-3.5, _CENTRAL),
    "cp932": (-2.0, ("Japanese",)),
    "cp949": (-2.0, ("Korean",)),
    "cp950": (-2.0, _CHINESE[1:]),
    "cp1253": (-3.0, ("Greek",)),
    "cp1254": (-3.0, ("Turkish",)),
    "cp1255": (-3.0, ("Hebrew",)),
    "cp1256": (-3.0, ("Arabic", "Persian")),
    "cp1257": (-3.0, _BALTIC),
    "cp874": (-3.0, ("Thai",)),
    "koi8-r": (-4.0, ("Russian",)),
    "euc_jp": (-4.0, ("Japanese",)),
    "iso8859-15": (-4.0, _WESTERN),
    "iso8859-2": (-5.0, _CENTRAL),
    "iso8859-7": (-4.5, ("Greek",)),
    "cp1258": (-5.0, ("Vietnamese",)),
    "koi8-u": (-5.0, ("Ukrainian",)),
    "mac-roman": (-6.0, _WESTERN),
    "cp850": (-6.0, _WESTERN),
    "cp866": (-6.0, _CYRILLIC),
    "iso8859-5": (-6.0, _CYRILLIC),
    "cp852": (-7.0, _CENTRAL),
    "mac-cyrillic": (-7.0, _CYRILLIC),
    "mac-latin2": (-7.0, _CENTRAL),
    "iso8859-16": (-7.0, ("Romanian",)),
    "iso8859-13": (-7.0, _BALTIC),
    "iso8859-4": (-7.0, _BALTIC),
    "iso8859-6": (-7.0, ("Arabic",)),
    "cp437": (-7.0, _WESTERN),
    "cp857": (-7.0, ("Turkish",)),
    "cp862": (-7.0, ("Hebrew",)),
    "cp737": (-7.0, ("Greek",)),
    "cp775": (-8.0, _BALTIC),
    "euc_kr": (-4.0, ("Korean",)),
    "big5": (-4.0, _CHINESE[1:]),
    "big5hkscs": (-6.0, _CHINESE[1:]),
}
"""Each encoding's prior (nats) and languages. Where readings are equal the prior decides: the usual name of a family
(cp1252 for Latin-1, gb18030 for GB2312 and GBK, cp949 for EUC-KR) stands for all."""
