//! Letter cases: the rules of serde's `rename_all`, and kebab case for route names.

/// One of serde's `rename_all` rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    pub(crate) fn parse(rule: &str) -> Option<Self> {
        Some(match rule {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return None,
        })
    }

    /// The name of a field (snake case in Rust).
    pub(crate) fn field(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => pascal(name),
            Self::Camel => lower_first(&pascal(name)),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// The name of a variant (Pascal case in Rust).
    pub(crate) fn variant(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => lower_first(name),
            Self::Snake => separated(name, '_'),
            Self::ScreamingSnake => separated(name, '_').to_ascii_uppercase(),
            Self::Kebab => separated(name, '-'),
            Self::ScreamingKebab => separated(name, '-').to_ascii_uppercase(),
        }
    }
}

/// serde upper-cases the letter after each underscore and drops the underscore.
pub(crate) fn pascal(name: &str) -> String {
    let mut upper = true;
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else {
            out.push(if upper { letter.to_ascii_uppercase() } else { letter });
            upper = false;
        }
    }
    out
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

/// serde puts a separator before every capital but the first.
fn separated(name: &str, separator: char) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_uppercase() {
            out.push(separator);
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The default route name: `UserProfile` → `user-profile`, `HTTPRoute` → `http-route`.
pub(crate) fn kebab(type_name: &str) -> String {
    let letters: Vec<char> = type_name.chars().collect();
    let mut out = String::with_capacity(letters.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        if *letter == '_' {
            out.push('-');
            continue;
        }
        let starts_word = letter.is_uppercase()
            && at > 0
            && letters[at - 1] != '_'
            && (!letters[at - 1].is_uppercase()
                || letters.get(at + 1).is_some_and(|next| next.is_lowercase()));
        if starts_word {
            out.push('-');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_every_rule() {
        let all = |name: &str| {
            [
                "lowercase",
                "UPPERCASE",
                "PascalCase",
                "camelCase",
                "snake_case",
                "SCREAMING_SNAKE_CASE",
                "kebab-case",
                "SCREAMING-KEBAB-CASE",
            ]
            .map(|rule| Case::parse(rule).expect("a rule of serde").field(name))
        };
        assert_eq!(
            all("very_tasty"),
            [
                "very_tasty",
                "VERY_TASTY",
                "VeryTasty",
                "veryTasty",
                "very_tasty",
                "VERY_TASTY",
                "very-tasty",
                "VERY-TASTY"
            ]
        );
        assert_eq!(Case::parse("Title Case"), None);
    }

    #[test]
    fn variants_follow_every_rule() {
        assert_eq!(Case::Snake.variant("VeryTasty"), "very_tasty");
        assert_eq!(Case::Camel.variant("VeryTasty"), "veryTasty");
        assert_eq!(Case::Lower.variant("VeryTasty"), "verytasty");
        assert_eq!(Case::ScreamingKebab.variant("VeryTasty"), "VERY-TASTY");
        assert_eq!(Case::Snake.variant("HTTP"), "h_t_t_p");
    }

    #[test]
    fn route_names_are_kebab_case() {
        assert_eq!(kebab("UserProfile"), "user-profile");
        assert_eq!(kebab("HTTPRoute"), "http-route");
        assert_eq!(kebab("User0"), "user0");
        assert_eq!(kebab("Event_Log"), "event-log");
    }
}
