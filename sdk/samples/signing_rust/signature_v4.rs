//! AWS Signature Version 4: the Authorization header of a request. Pure; digests are the caller's.

pub type Digest = [u8; 32];

pub trait Digests {
    fn sha256(&self, bytes: &[u8]) -> Digest;
    fn hmac_sha256(&self, key: &[u8], bytes: &[u8]) -> Digest;
}

pub struct Scope<'a> {
    pub access_key_id: &'a str,
    pub region: &'a str,
    pub service: &'a str,
    /// "20150830T123600Z", also sent as x-amz-date
    pub time: &'a str,
}

pub struct SignedRequest<'a> {
    pub method: &'a str,
    /// as it is sent; "/" for none
    pub path: &'a str,
    /// as it is sent, without the question mark
    pub query: &'a str,
    /// what is signed, "host" and "x-amz-date" included; names in lower case, in any order
    pub headers: Vec<(String, String)>,
    pub body_sha256: Digest,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}

/// `also` may stay as it is besides the unreserved characters of RFC 3986.
fn percent_encoded(bytes: &[u8], also: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || also.contains(byte);
    bytes.iter().map(|byte| if is_plain(byte) { (*byte as char).to_string() } else { format!("%{:02X}", byte) }).collect()
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|pair| bytes[at] == b'%' && pair.iter().all(u8::is_ascii_hexdigit));
        match digits.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}

/// Parameters sorted by name, then by value; each encoded in one way, however it is sent.
fn canonical_query(query: &str) -> String {
    let mut parameters: Vec<(String, String)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(name, value)| (percent_encoded(&percent_decoded(name), b""), percent_encoded(&percent_decoded(value), b"")))
        .collect();
    parameters.sort();
    parameters.iter().map(|(name, value)| format!("{}={}", name, value)).collect::<Vec<_>>().join("&")
}

/// Without spaces around it, and with one where there were several.
fn canonical_value(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn signing_key(digests: &dyn Digests, secret: &[u8], date: &str, scope: &Scope) -> Digest {
    let first = digests.hmac_sha256(&[b"AWS4", secret].concat(), date.as_bytes());
    [scope.region, scope.service, "aws4_request"].iter().fold(first, |key, part| digests.hmac_sha256(&key, part.as_bytes()))
}

/// "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..."
pub fn authorization_header(digests: &dyn Digests, secret: &[u8], scope: &Scope, mut request: SignedRequest) -> String {
    request.headers.sort();
    let date = &scope.time[..8];
    let place = format!("{}/{}/{}/aws4_request", date, scope.region, scope.service);
    let names = request.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = request.headers.iter().map(|(name, value)| format!("{}:{}\n", name, canonical_value(value))).collect();
    // The path as it is sent is encoded once more; only S3 does without.
    let path = percent_encoded(request.path.as_bytes(), b"/");
    let canonical = format!("{}\n{}\n{}\n{}\n{}\n{}", request.method, path, canonical_query(request.query), lines, names, hex(&request.body_sha256));
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{}\n{}", scope.time, place, hex(&digests.sha256(canonical.as_bytes())));
    let signature = digests.hmac_sha256(&signing_key(digests, secret, date, scope), to_sign.as_bytes());
    format!("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}", scope.access_key_id, place, names, hex(&signature))
}

/// Milliseconds since 1970 as "20150830T123600Z".
pub fn basic_time(utc_ms: i64) -> String {
    let seconds = utc_ms.max(0) / 1000;
    // Days to a date of the Gregorian calendar, counted in years that begin in March.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let of_day = seconds % 86_400;
    format!("{:04}{:02}{:02}T{:02}{:02}{:02}Z", year, month, day, of_day / 3600, of_day / 60 % 60, of_day % 60)
}
