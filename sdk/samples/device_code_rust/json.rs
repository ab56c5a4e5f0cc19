//! Reads the small JSON objects that token servers answer with (RFC 8259). A whole text is checked before anything of it is used.

const MAX_DEPTH: u32 = 32;

enum Value {
    Text(String),
    Number(String),
    Other,
}

/// The members of a JSON object that hold a text or a number; the first of a name counts.
pub struct Object {
    members: Vec<(String, Value)>,
}

impl Object {
    /// None: the text is no JSON object.
    pub fn parse(text: &[u8]) -> Option<Object> {
        let mut reader = Reader { rest: std::str::from_utf8(text).ok()? };
        reader.skip_space();
        let members = reader.members(MAX_DEPTH)?;
        reader.skip_space();
        if reader.rest.is_empty() { Some(Object { members }) } else { None }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        match self.member(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole part of a number, or of a text that holds one (some servers quote `expires_in`).
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.member(name)? {
            Value::Text(text) | Value::Number(text) => text.split('.').next()?.parse().ok(),
            Value::Other => None,
        }
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.members.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest.strip_prefix(wanted);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn members(&mut self, depth: u32) -> Option<Vec<(String, Value)>> {
        let mut members = Vec::new();
        if depth == 0 || !self.take("{") {
            return None;
        }
        self.skip_space();
        if self.take("}") {
            return Some(members);
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            if !self.take(":") {
                return None;
            }
            members.push((name, self.value(depth - 1)?));
            if !self.take(",") {
                return if self.take("}") { Some(members) } else { None };
            }
        }
    }

    fn elements(&mut self, depth: u32) -> Option<()> {
        if depth == 0 || !self.take("[") {
            return None;
        }
        self.skip_space();
        if self.take("]") {
            return Some(());
        }
        loop {
            self.value(depth - 1)?;
            if !self.take(",") {
                return if self.take("]") { Some(()) } else { None };
            }
        }
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        self.skip_space();
        let value = match self.rest.chars().next()? {
            '"' => Value::Text(self.string()?),
            '{' => self.members(depth).map(|_| Value::Other)?,
            '[' => self.elements(depth).map(|_| Value::Other)?,
            't' | 'f' | 'n' => {
                if !self.take("true") && !self.take("false") && !self.take("null") {
                    return None;
                }
                Value::Other
            }
            _ => Value::Number(self.number()?),
        };
        self.skip_space();
        Some(value)
    }

    fn digits(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        self.rest.len() < before
    }

    fn number(&mut self) -> Option<String> {
        let whole = self.rest;
        self.take("-");
        if !self.take("0") && !self.digits() {
            return None;
        }
        if self.take(".") && !self.digits() {
            return None;
        }
        if self.take("e") || self.take("E") {
            if !self.take("+") {
                self.take("-");
            }
            if !self.digits() {
                return None;
            }
        }
        Some(whole[..whole.len() - self.rest.len()].to_string())
    }

    fn code_unit(&mut self) -> Option<u32> {
        let digits = self.rest.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.rest = &self.rest[4..];
        u32::from_str_radix(digits, 16).ok()
    }

    fn escape(&mut self) -> Option<char> {
        let plain = match self.next()? {
            '"' => '"',
            '\\' => '\\',
            '/' => '/',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.code_unit()?;
                if !(0xD800..0xDC00).contains(&first) {
                    return char::from_u32(first);
                }
                let second = if self.take("\\u") { self.code_unit()? } else { 0 };
                if !(0xDC00..0xE000).contains(&second) {
                    return None;
                }
                return char::from_u32(0x10000 + (first - 0xD800) * 0x400 + (second - 0xDC00));
            }
            _ => return None,
        };
        Some(plain)
    }

    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        if !self.take("\"") {
            return None;
        }
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                c if c < ' ' => return None,
                c => text.push(c),
            }
        }
    }
}
