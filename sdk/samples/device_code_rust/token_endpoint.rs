//! The token endpoint (RFC 6749): what it is asked, and what its answers mean.

use crate::abi::ERR_SETTING;
use crate::host::{Answer, Entry, Failure, Outcome};
use crate::json::Object;

pub struct Tokens {
    pub access: String,
    /// empty: cannot be renewed
    pub refresh: String,
    /// 0: unknown
    pub expires_at_utc_ms: i64,
}

pub enum Told {
    Issued(Tokens),
    Pending,
    SlowDown,
    Denied,
    Expired,
    DeadGrant(String),
    Unavailable(String),
    Refused(String),
}

fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.as_bytes().iter().map(|byte| if is_plain(byte) { (*byte as char).to_string() } else { format!("%{:02X}", byte) }).collect()
}

/// POSTs a form to the URL that the setting `endpoint` holds. Fields without a value are left out.
pub fn post_form(entry: Entry, endpoint: &str, fields: &[(&str, &str)]) -> Outcome<Answer> {
    let url = entry.setting(endpoint)?;
    if url.is_empty() {
        return Err(Failure::new(ERR_SETTING, format!("'{}' is not set", endpoint)));
    }
    let pairs: Vec<String> =
        fields.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value))).collect();
    entry.post(&url, "application/x-www-form-urlencoded", &pairs.join("&"))
}

/// `error_description` or `error` of an answer, else its status.
pub fn reason_of(answer: &Answer) -> String {
    let object = Object::parse(&answer.body);
    let said = object.as_ref().and_then(|object| object.text("error_description").or_else(|| object.text("error")));
    said.map_or_else(|| format!("HTTP status {}", answer.status), str::to_string)
}

/// RFC 6749 appendix A: what a token is made of. Anything else could end a header, or the line it is stored in.
fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn issued(entry: Entry, answer: &Answer) -> Outcome<Told> {
    const A_YEAR: i64 = 31_536_000;
    let nothing = || Told::Refused("the token endpoint answered without a token".to_string());
    let object = match Object::parse(&answer.body) {
        Some(object) => object,
        None => return Ok(nothing()),
    };
    let access = object.text("access_token").unwrap_or("").to_string();
    let refresh = object.text("refresh_token").unwrap_or("").to_string();
    if access.is_empty() || !is_token(&access) || !is_token(&refresh) {
        return Ok(nothing());
    }
    let lifetime_s = object.integer("expires_in").unwrap_or(0).clamp(0, A_YEAR);
    let expires_at_utc_ms = if lifetime_s > 0 { entry.utc_ms()? + lifetime_s * 1000 } else { 0 };
    Ok(Told::Issued(Tokens { access, refresh, expires_at_utc_ms }))
}

/// Asks the token endpoint. A failure: no answer came.
pub fn ask_for_tokens(entry: Entry, fields: &[(&str, &str)]) -> Outcome<Told> {
    let answer = post_form(entry, "token_endpoint", fields)?;
    if answer.status == 200 {
        return issued(entry, &answer);
    }
    // RFC 6749 section 5.2, RFC 8628 section 3.5.
    let object = Object::parse(&answer.body);
    Ok(match object.as_ref().and_then(|object| object.text("error")) {
        Some("authorization_pending") => Told::Pending,
        Some("slow_down") => Told::SlowDown,
        Some("access_denied") => Told::Denied,
        Some("expired_token") => Told::Expired,
        Some("invalid_grant") => Told::DeadGrant(reason_of(&answer)),
        _ if answer.status == 429 || answer.status >= 500 => Told::Unavailable(reason_of(&answer)),
        _ => Told::Refused(reason_of(&answer)),
    })
}
