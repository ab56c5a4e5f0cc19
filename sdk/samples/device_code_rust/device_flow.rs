//! Signing in with a code that is typed into a browser, on this machine or another (RFC 8628), with PKCE (RFC 7636).

use crate::abi::*;
use crate::host::{Entry, Failure, Outcome};
use crate::json::Object;
use crate::token_endpoint::{ask_for_tokens, post_form, reason_of, Told, Tokens};

struct Code {
    device_code: String,
    user_code: String,
    uri: String,
    uri_complete: String,
    lifetime_ms: i64,
    interval_ms: i64,
}

/// RFC 4648 section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        (0..=chunk.len()).for_each(|i| text.push(ALPHABET[(bits >> (18 - 6 * i) & 63) as usize] as char));
    }
    text
}

fn seconds_in_ms(object: &Object, name: &str, absent: i64, most: i64) -> i64 {
    object.integer(name).filter(|seconds| *seconds > 0).unwrap_or(absent).min(most) * 1000
}

fn ask_for_code(entry: Entry, verifier: &str) -> Outcome<Code> {
    let challenge = base64url(&entry.sha256(verifier)?);
    let answer = post_form(
        entry,
        "device_authorization_endpoint",
        &[
            ("client_id", &entry.setting("client_id")?),
            ("scope", &entry.setting("scope")?),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    )?;
    if answer.status != 200 {
        return Err(Failure::new(ERR_PROVIDER, format!("the sign-in could not be started: {}", reason_of(&answer))));
    }
    let incomplete = || Failure::new(ERR_BAD_RESPONSE, "the issuer answered without a code");
    let object = Object::parse(&answer.body).ok_or_else(incomplete)?;
    let text = |name: &str| object.text(name).unwrap_or("").to_string();
    let code = Code {
        device_code: text("device_code"),
        user_code: text("user_code"),
        uri: text("verification_uri"),
        uri_complete: text("verification_uri_complete"),
        lifetime_ms: seconds_in_ms(&object, "expires_in", 600, 86_400),
        interval_ms: seconds_in_ms(&object, "interval", 5, 60),
    };
    if code.device_code.is_empty() || code.user_code.is_empty() || code.uri.is_empty() { Err(incomplete()) } else { Ok(code) }
}

/// Waits in steps of a second, so that the person sees the time go by.
fn wait_until(entry: Entry, mono_ms: i64) -> Outcome<()> {
    while entry.mono_ms()? < mono_ms {
        entry.progress(PROGRESS_POLLING)?;
        entry.sleep_until(mono_ms.min(entry.mono_ms()? + 1000))?;
    }
    Ok(())
}

/// A server that cannot be reached now may be back at the next poll.
fn poll(entry: Entry, code: &Code, verifier: &str) -> Outcome<Told> {
    let told = ask_for_tokens(
        entry,
        &[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", &code.device_code),
            ("client_id", &entry.setting("client_id")?),
            ("code_verifier", verifier),
        ],
    );
    match told {
        Err(failure) if failure.status == ERR_NETWORK || failure.status == ERR_TIMED_OUT => Ok(Told::Unavailable(String::new())),
        other => other,
    }
}

fn expire<T>(entry: Entry) -> Outcome<T> {
    entry.progress(PROGRESS_EXPIRED)?;
    Err(Failure::new(ERR_LOGIN_EXPIRED, "the code expired before the sign-in was approved"))
}

/// Shows the code and waits until the person has decided.
pub fn sign_in(entry: Entry) -> Outcome<Tokens> {
    let verifier = base64url(&entry.random_bytes()?);
    let code = ask_for_code(entry, &verifier)?;
    entry.show(&code.uri, &code.uri_complete, &code.user_code, entry.utc_ms()? + code.lifetime_ms)?;
    let deadline = entry.mono_ms()? + code.lifetime_ms;
    let mut interval_ms = code.interval_ms;
    loop {
        wait_until(entry, deadline.min(entry.mono_ms()? + interval_ms))?;
        if entry.mono_ms()? >= deadline {
            return expire(entry);
        }
        match poll(entry, &code, &verifier)? {
            Told::Issued(tokens) => {
                entry.progress(PROGRESS_AUTHORIZED)?;
                return Ok(tokens);
            }
            Told::Pending => {}
            Told::SlowDown => {
                interval_ms += 5000; // RFC 8628 section 3.5
                entry.progress(PROGRESS_SLOWED_DOWN)?;
            }
            Told::Unavailable(_) => {
                interval_ms = (interval_ms * 2).min(60_000);
                entry.progress(PROGRESS_NETWORK_LOST)?;
            }
            Told::Denied => {
                entry.progress(PROGRESS_DENIED)?;
                return Err(Failure::new(ERR_LOGIN_DENIED, "the sign-in was refused in the browser"));
            }
            Told::Expired => return expire(entry),
            Told::DeadGrant(reason) | Told::Refused(reason) => {
                return Err(Failure::new(ERR_PROVIDER, format!("the sign-in was refused by the server: {}", reason)));
            }
        }
    }
}
