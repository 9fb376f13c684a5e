//! Text built during const evaluation: a const panic prints one `&str`.

/// At most [`ConstText::CAPACITY`] bytes; what does not fit is cut at a character.
pub(crate) struct ConstText {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl ConstText {
    const CAPACITY: usize = 1024;

    pub(super) const fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0 }
    }

    pub(super) const fn push(mut self, text: &str) -> Self {
        let (bytes, end) = (text.as_bytes(), fitting(text, Self::CAPACITY - self.len));
        let mut at = 0;
        while at < end {
            self.bytes[self.len] = bytes[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    pub(super) const fn push_number(self, number: usize) -> Self {
        let mut digits = [0; 20];
        let (mut rest, mut from) = (number, digits.len());
        loop {
            from -= 1;
            digits[from] = b"0123456789"[rest % 10];
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        match std::str::from_utf8(digits.split_at(from).1) {
            Ok(text) => self.push(text),
            Err(_) => self,
        }
    }

    pub(crate) const fn as_str(&self) -> &str {
        let (written, _) = self.bytes.split_at(self.len);
        match std::str::from_utf8(written) {
            Ok(text) => text,
            // Only whole characters are ever pushed.
            Err(_) => "",
        }
    }
}

/// The longest prefix of whole characters within `room` bytes.
const fn fitting(text: &str, room: usize) -> usize {
    let mut end = if text.len() < room { text.len() } else { room };
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_what_fits_and_cuts_at_a_character() {
        const TEXT: ConstText = ConstText::new().push("a").push("–b");
        assert_eq!(TEXT.as_str(), "a–b");
        assert_eq!(ConstText::new().push_number(0).push_number(16_040).as_str(), "016040");
        let long = "é".repeat(700);
        assert_eq!(ConstText::new().push("x").push(&long).as_str().len(), 1023);
    }
}
