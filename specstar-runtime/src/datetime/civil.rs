//! Calendar arithmetic: the proleptic Gregorian calendar as days since 1970-01-01.

pub(super) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(super) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// From 0000-03-01 to 1970-01-01. Counting from March puts the leap day at the end of a year.
const DAYS_TO_EPOCH: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

/// The day number of a date in the years 1 to 9999.
pub(super) fn days(year: i32, month: u8, day: u8) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let (era, year) = (year / 400, year % 400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year * 365 + year / 4 - year / 100 + day_of_year;
    Some(era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH)
}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month and day of a day number.
pub(super) fn date(days: i64) -> (i64, u8, u8) {
    let days = days + DAYS_TO_EPOCH;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    // Both are bounded by the arithmetic above: at most 31 and 12.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (year, month as u8, day as u8)
}

/// Microseconds since 1970 of a day and a time of day; `micros` may be a whole second, from rounding.
pub(super) fn join(days: i64, [hour, minute, second]: [u8; 3], micros: u32) -> Option<i64> {
    if hour > 23 || minute > 59 || second > 59 || i64::from(micros) > MICROS_PER_SECOND {
        return None;
    }
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    let time = days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + i64::from(micros);
    (time < END).then_some(time)
}

/// The start of the year 1.
pub(super) const START: i64 = -719_162 * MICROS_PER_DAY;
/// The end of the year 9999, which rounding can reach.
pub(super) const END: i64 = 2_932_897 * MICROS_PER_DAY;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_calendar_is_found_again() {
        let mut expected = days(1, 1, 1).unwrap();
        assert_eq!(expected * MICROS_PER_DAY, START);
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days(year, month, day), Some(expected));
                    assert_eq!(date(expected), (i64::from(year), month, day));
                    expected += 1;
                }
            }
        }
        assert_eq!(expected * MICROS_PER_DAY, END);
        assert_eq!(days(1970, 1, 1), Some(0));
    }

    #[test]
    fn dates_that_do_not_exist_are_none() {
        for (year, month, day) in [
            (0, 1, 1),
            (10_000, 1, 1),
            (2023, 2, 29),
            (1900, 2, 29),
            (2024, 4, 31),
            (2024, 13, 1),
            (2024, 0, 1),
            (2024, 1, 0),
        ] {
            assert_eq!(days(year, month, day), None, "{year}-{month}-{day}");
        }
        assert!(days(2000, 2, 29).is_some());
    }
}
