//! Units of time in the languages of Podio's users, by how their words begin. Pure.

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
}

impl Unit {
    /// Its length in seconds.
    pub(super) fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    /// The unit that a word in lower case names.
    pub(super) fn named(word: &str) -> Option<Self> {
        WORDS
            .iter()
            .find(|(words, _)| words.contains(&word))
            .or_else(|| STEMS.iter().find(|(stems, _)| stems.iter().any(|stem| word.starts_with(stem))))
            .map(|(_, unit)| *unit)
    }
}

/// Whole words, which are too short or too ambiguous to be stems.
const WORDS: &[(&[&str], Unit)] = &[
    (&["s", "sn", "mp", "с", "δ"], Unit::Second),
    (&["m", "dk", "м"], Unit::Minute),
    (&["h", "hr", "hrs", "std", "ora", "ore", "timer", "timme", "timmar", "uur", "uren", "jam", "ч"], Unit::Hour),
];

const STEMS: &[(&[&str], Unit)] = &[
    (
        &[
            "sec",
            "sek",
            "seg",
            "saniy",
            "vteřin",
            "másodperc",
            "detik",
            "giây",
            "сек",
            "сэк",
            "δευτ",
            "秒",
            "초",
            "วินาที",
            "ثاني",
            "ثانی",
            "ثوان",
            "שני",
            "सेक",
            "সেক",
            "წამ",
            "վայրկ",
        ],
        Unit::Second,
    ),
    (
        &[
            "min",
            "dakika",
            "perc",
            "menit",
            "phút",
            "мин",
            "хвил",
            "λεπτ",
            "分",
            "분",
            "นาที",
            "دقي",
            "دقی",
            "דקו",
            "דקה",
            "मिनट",
            "মিনিট",
            "წუთ",
            "րոպե",
        ],
        Unit::Minute,
    ),
    (
        &[
            "hour",
            "stund",
            "heure",
            "hora",
            "óra",
            "hodin",
            "godz",
            "tunti",
            "tunni",
            "giờ",
            "час",
            "годин",
            "ώρ",
            "小时",
            "小時",
            "時間",
            "시간",
            "ชั่วโมง",
            "ساع",
            "שעה",
            "שעות",
            "घंट",
            "ঘণ্ট",
            "საათ",
            "ժամ",
        ],
        Unit::Hour,
    ),
];
