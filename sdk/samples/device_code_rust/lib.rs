//! A provider that is signed in to with a browser. The host keeps the tokens, decides when they are renewed, and makes the requests.
//!
//! Compiled with panic=abort: a panic ends the process the plugin runs in, never unwinds into the host, and costs one request.

mod abi;
mod device_flow;
mod host;
mod json;
mod token_endpoint;

use abi::*;
use core::ffi::c_void;
use core::mem::size_of;
use host::{Entry, Failure, Outcome, HOST};
use std::os::raw::c_char;
use std::sync::atomic::Ordering;
use token_endpoint::{ask_for_tokens, Told, Tokens};

/// The host renews what is stored under this key, shortly before it expires and once for all processes.
const CREDENTIALS: &str = "credentials";

/// Stored as two lines: access token, refresh token. With the revision to replace it by.
fn read(entry: Entry) -> Outcome<Option<(Tokens, u64)>> {
    let stored = match entry.stored(CREDENTIALS)? {
        Some(stored) => stored,
        None => return Ok(None),
    };
    let tokens = stored.value.split_once('\n').filter(|(access, _)| !access.is_empty());
    Ok(tokens.map(|(access, refresh)| {
        (Tokens { access: access.to_string(), refresh: refresh.to_string(), expires_at_utc_ms: stored.expires_at_utc_ms }, stored.revision)
    }))
}

fn write(entry: Entry, tokens: &Tokens, revision: u64) -> Outcome<()> {
    entry.store(CREDENTIALS, &format!("{}\n{}", tokens.access, tokens.refresh), tokens.expires_at_utc_ms, revision)
}

/// Everything is read from the host when it is needed, so an instance is a name for nothing.
unsafe extern "C" fn create(_call: *mut Call, instance: *mut *mut Instance) -> Status {
    *instance = core::ptr::NonNull::dangling().as_ptr();
    OK
}

unsafe extern "C" fn destroy(_instance: *mut Instance) {}

unsafe extern "C" fn state(_instance: *mut Instance, call: *mut Call, ops: *const SinkOps, sink: *mut Sink) -> Status {
    let entry = Entry(call);
    entry.run(|| {
        let mut now =
            State { struct_size: size_of::<State>() as u32, kind: STATE_LOGIN_NEEDED, expires_at_utc_ms: 0, base_url: Str::EMPTY, account: Str::EMPTY };
        if let Some((tokens, _)) = read(entry)? {
            let has_expired = tokens.expires_at_utc_ms != 0 && entry.utc_ms()? >= tokens.expires_at_utc_ms;
            let kind_when_expired = if tokens.refresh.is_empty() { STATE_LOGIN_NEEDED } else { STATE_EXPIRED };
            now.kind = if has_expired { kind_when_expired } else { STATE_READY };
            now.expires_at_utc_ms = tokens.expires_at_utc_ms;
        }
        match ((*ops).set_state)(sink, &now) {
            OK => Ok(()),
            status => Err(Failure::passed_on(status)),
        }
    })
}

unsafe extern "C" fn authorize(_instance: *mut Instance, call: *mut Call, _request: *const Request, ops: *const SinkOps, sink: *mut Sink) -> Status {
    let entry = Entry(call);
    entry.run(|| {
        let (tokens, _) = read(entry)?.ok_or_else(|| Failure::passed_on(NEED_LOGIN))?;
        let header = format!("Bearer {}", tokens.access);
        match ((*ops).set_header)(sink, Str::plain("Authorization"), Str::sensitive(header.as_bytes())) {
            OK => Ok(()),
            status => Err(Failure::passed_on(status)),
        }
    })
}

unsafe extern "C" fn on_response(_instance: *mut Instance, _call: *mut Call, response: *const Response, ops: *const SinkOps, sink: *mut Sink) -> Status {
    if (*response).status != 401 {
        return OK;
    }
    let renew = Verdict { struct_size: size_of::<Verdict>() as u32, kind: VERDICT_REFRESH_AND_RETRY, available_at_utc_ms: 0, text: Str::EMPTY, help_url: Str::EMPTY };
    ((*ops).set_verdict)(sink, &renew)
}

unsafe extern "C" fn login(_instance: *mut Instance, call: *mut Call, _method: Str) -> Status {
    let entry = Entry(call);
    entry.run(|| {
        let tokens = device_flow::sign_in(entry)?;
        // Also when what is stored cannot be used: it is replaced then.
        let revision = entry.stored(CREDENTIALS)?.map_or(0, |stored| stored.revision);
        write(entry, &tokens, revision)
    })
}

unsafe extern "C" fn logout(_instance: *mut Instance, call: *mut Call) -> Status {
    Entry(call).run(|| Entry(call).erase(CREDENTIALS))
}

unsafe extern "C" fn refresh(_instance: *mut Instance, call: *mut Call) -> Status {
    let entry = Entry(call);
    entry.run(|| {
        let (before, revision) = read(entry)?.filter(|(tokens, _)| !tokens.refresh.is_empty()).ok_or_else(|| Failure::passed_on(NEED_LOGIN))?;
        let told = ask_for_tokens(
            entry,
            &[("grant_type", "refresh_token"), ("refresh_token", &before.refresh), ("client_id", &entry.setting("client_id")?)],
        )?;
        let mut tokens = match told {
            Told::Issued(tokens) => tokens,
            Told::DeadGrant(reason) => return Err(Failure::new(ERR_INVALID_GRANT, format!("the sign-in is no longer renewed: {}", reason))),
            Told::Unavailable(reason) | Told::Refused(reason) => {
                return Err(Failure::new(ERR_TRANSIENT, format!("the sign-in could not be renewed now: {}", reason)));
            }
            _ => return Err(Failure::new(ERR_TRANSIENT, "the sign-in could not be renewed now: the answer belongs to another question")),
        };
        if tokens.refresh.is_empty() {
            tokens.refresh = before.refresh; // RFC 6749 section 6
        }
        write(entry, &tokens, revision)
    })
}

unsafe extern "C" fn get_extension(id: *const c_char) -> *const c_void {
    static LOGIN: ProviderLogin = ProviderLogin { struct_size: size_of::<ProviderLogin>() as u32, abi_minor: 0, login, logout };
    static REFRESH: ProviderRefresh = ProviderRefresh { struct_size: size_of::<ProviderRefresh>() as u32, abi_minor: 0, refresh };
    match std::ffi::CStr::from_ptr(id).to_bytes() {
        b"qwen.login/1" => &LOGIN as *const ProviderLogin as *const c_void,
        b"qwen.refresh/1" => &REFRESH as *const ProviderRefresh as *const c_void,
        _ => core::ptr::null(),
    }
}

/// # Safety
/// Called once by the host, whose table stays valid for the life of the process.
#[no_mangle]
pub unsafe extern "C" fn qwen_provider_entry_v1(host: *const Host) -> *const Provider {
    static PROVIDER: Provider = Provider {
        struct_size: size_of::<Provider>() as u32,
        abi_minor: ABI_MINOR,
        id: "device_code_rust\0".as_ptr().cast(),
        version: "1.0.0\0".as_ptr().cast(),
        create,
        destroy,
        state,
        authorize,
        on_response,
        get_extension,
    };
    HOST.store(host as *mut Host, Ordering::Release);
    &PROVIDER
}
