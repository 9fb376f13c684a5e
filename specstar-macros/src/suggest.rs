//! "Did you mean": the nearest known name.

/// The known name nearest to `given`, when it is near enough to be meant.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.len().max(given.len()) / 3 || starts(&lower, name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A shortened word, such as `uniq` or `uuid7` beside `uuid_v7`.
fn starts(given: &str, name: &str) -> bool {
    given.len() > 2 && name.starts_with(given)
}

/// `` ; did you mean `x`?`` or nothing.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["uuid_v7", "uuid_v4", "ulid", "nanoid"];
        assert_eq!(nearest("uuid7", known), Some("uuid_v7"));
        assert_eq!(nearest("nano", known), Some("nanoid"));
        assert_eq!(nearest("casade", ["dangling", "cascade"]), Some("cascade"));
        assert_eq!(nearest("serial", known), None);
    }
}
