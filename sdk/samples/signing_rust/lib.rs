//! A provider that signs each request instead of sending its key. Digests are the host's: there are no crates.
//!
//! Compiled with panic=abort: a panic ends the process the plugin runs in, never unwinds into the host, and costs one request.

mod abi;
mod signature_v4;

use abi::*;
use core::ffi::c_void;
use core::mem::size_of;
use signature_v4::{authorization_header, basic_time, Digest, Digests, Scope, SignedRequest};
use std::os::raw::c_char;
use std::sync::atomic::{AtomicPtr, Ordering};

static HOST: AtomicPtr<Host> = AtomicPtr::new(core::ptr::null_mut());

unsafe fn host<'a>() -> &'a Host {
    &*HOST.load(Ordering::Acquire)
}

/// A service of the host; None when it does not have it. `id` ends in a NUL.
unsafe fn service<'a, Table>(id: &'static str) -> Option<&'a Table> {
    ((host().get_extension)(host().ctx, id.as_ptr().cast()) as *const Table).as_ref()
}

/// None: not set, or not UTF-8.
unsafe fn setting<'a>(call: *mut Call, key: &str) -> Option<&'a str> {
    let settings = service::<HostSettings>("qwen.settings/1\0")?;
    let mut found = Setting { struct_size: size_of::<Setting>() as u32, source: 0, value: Str::EMPTY };
    if (settings.get)(call, Str::plain(key), &mut found) != OK || found.value.len == 0 {
        return None;
    }
    std::str::from_utf8(found.value.bytes()).ok()
}

/// The setting (flag, variable, .env, config.toml) goes before the key that `qwen auth login` stored.
unsafe fn secret_access_key<'a>(call: *mut Call) -> Option<&'a [u8]> {
    if let Some(configured) = setting(call, "secret_access_key") {
        return Some(configured.as_bytes());
    }
    let secrets = service::<HostSecrets>("qwen.secrets/1\0")?;
    let mut stored = StoredSecret { struct_size: size_of::<StoredSecret>() as u32, reserved: 0, value: Str::EMPTY, expires_at_utc_ms: 0, revision: 0 };
    if (secrets.get)(call, Str::plain("api_key"), &mut stored) == OK && stored.value.len > 0 {
        return Some(stored.value.bytes());
    }
    None
}

/// Tells the user which setting is missing.
unsafe fn not_set(call: *mut Call, key: &str) -> Status {
    let message = format!("'{}' is not set", key);
    let error = Error { struct_size: size_of::<Error>() as u32, code: ERR_SETTING, message: Str::plain(&message), hint: Str::EMPTY, setting: Str::plain(key) };
    (host().error)(call, &error);
    ERR_SETTING
}

struct HostDigests<'a> {
    crypto: &'a HostCrypto,
}

impl Digests for HostDigests<'_> {
    fn sha256(&self, bytes: &[u8]) -> Digest {
        let mut digest = [0; 32];
        unsafe { (self.crypto.sha256)(host().ctx, bytes.as_ptr(), bytes.len() as u64, digest.as_mut_ptr()) };
        digest
    }

    fn hmac_sha256(&self, key: &[u8], bytes: &[u8]) -> Digest {
        let mut digest = [0; 32];
        unsafe { (self.crypto.hmac_sha256)(host().ctx, key.as_ptr(), key.len() as u64, bytes.as_ptr(), bytes.len() as u64, digest.as_mut_ptr()) };
        digest
    }
}

/// Origin, host, path and query of a URL as it is sent.
fn split(url: &str) -> (&str, &str, &str, &str) {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url[host..].find(|c| c == '/' || c == '?').map_or(url.len(), |at| host + at);
    let (before, query) = url[path..].split_once('?').unwrap_or((&url[path..], ""));
    (&url[..path], &url[host..path], if before.is_empty() { "/" } else { before }, query)
}

/// What a proxy may add or change is left out.
unsafe fn headers_to_sign(request: &FinalRequest) -> Vec<(String, String)> {
    (0..request.header_count as usize)
        .map(|i| &*request.headers.add(i))
        .filter_map(|header| Some((std::str::from_utf8(header.key.bytes()).ok()?, std::str::from_utf8(header.value.bytes()).ok()?)))
        .filter(|(name, _)| *name == "content-type" || name.starts_with("x-amz-"))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// Everything is read from the host when it is needed, so an instance is a name for nothing.
unsafe extern "C" fn create(_call: *mut Call, instance: *mut *mut Instance) -> Status {
    *instance = core::ptr::NonNull::dangling().as_ptr();
    OK
}

unsafe extern "C" fn destroy(_instance: *mut Instance) {}

unsafe extern "C" fn state(_instance: *mut Instance, call: *mut Call, ops: *const SinkOps, sink: *mut Sink) -> Status {
    let kind = if secret_access_key(call).is_some() { STATE_READY } else { STATE_LOGIN_NEEDED };
    let now = State { struct_size: size_of::<State>() as u32, kind, expires_at_utc_ms: 0, base_url: Str::EMPTY, account: Str::EMPTY };
    ((*ops).set_state)(sink, &now)
}

unsafe extern "C" fn authorize(_instance: *mut Instance, call: *mut Call, _request: *const Request, _ops: *const SinkOps, _sink: *mut Sink) -> Status {
    if secret_access_key(call).is_none() {
        return NEED_LOGIN;
    }
    match setting(call, "access_key_id") {
        Some(_) => OK,
        None => not_set(call, "access_key_id"),
    }
}

/// Called last, again for every attempt: what is signed is what is sent.
unsafe extern "C" fn sign(_instance: *mut Instance, call: *mut Call, request: *const FinalRequest, ops: *const SinkOps, sink: *mut Sink) -> Status {
    let request = &*request;
    let (clock, crypto) = match (service::<HostClock>("qwen.clock/1\0"), service::<HostCrypto>("qwen.crypto/1\0")) {
        (Some(clock), Some(crypto)) => (clock, crypto),
        _ => return ERR_UNSUPPORTED,
    };
    let secret = match secret_access_key(call) {
        Some(secret) => secret,
        None => return NEED_LOGIN,
    };
    let mut scope = Scope { access_key_id: "", region: "", service: "", time: "" };
    for (key, target) in [("access_key_id", &mut scope.access_key_id), ("region", &mut scope.region), ("service", &mut scope.service)] {
        match setting(call, key) {
            Some(value) => *target = value,
            None => return not_set(call, key),
        }
    }
    let (origin, host_name, path, query) = split(std::str::from_utf8(request.url.bytes()).unwrap_or(""));
    let time = basic_time((clock.now_utc_ms)(host().ctx) + (clock.server_skew_ms)(call, Str::plain(origin)));
    scope.time = &time;

    let mut headers = headers_to_sign(request);
    headers.push(("host".to_string(), host_name.to_string()));
    headers.push(("x-amz-date".to_string(), time.clone()));
    let mut status = ((*ops).set_header)(sink, Str::plain("x-amz-date"), Str::plain(&time));
    if let Some(token) = setting(call, "session_token") {
        headers.push(("x-amz-security-token".to_string(), token.to_string()));
        status = status.max(((*ops).set_header)(sink, Str::plain("x-amz-security-token"), Str::sensitive(token.as_bytes())));
    }
    let method = std::str::from_utf8(request.method.bytes()).unwrap_or("");
    let to_sign = SignedRequest { method, path, query, headers, body_sha256: request.body_sha256 };
    let header = authorization_header(&HostDigests { crypto }, secret, &scope, to_sign);
    status.max(((*ops).set_header)(sink, Str::plain("authorization"), Str::sensitive(header.as_bytes())))
}

unsafe extern "C" fn on_response(_instance: *mut Instance, _call: *mut Call, response: *const Response, ops: *const SinkOps, sink: *mut Sink) -> Status {
    if (*response).status != 401 && (*response).status != 403 {
        return OK;
    }
    let refused = Verdict { struct_size: size_of::<Verdict>() as u32, kind: VERDICT_LOGIN_NEEDED, available_at_utc_ms: 0, text: Str::EMPTY, help_url: Str::EMPTY };
    ((*ops).set_verdict)(sink, &refused)
}

unsafe extern "C" fn get_extension(id: *const c_char) -> *const c_void {
    static SIGN: ProviderSign = ProviderSign { struct_size: size_of::<ProviderSign>() as u32, abi_minor: 0, sign };
    if std::ffi::CStr::from_ptr(id).to_bytes() == b"qwen.sign/1" {
        return &SIGN as *const ProviderSign as *const c_void;
    }
    core::ptr::null()
}

/// # Safety
/// Called once by the host, whose table stays valid for the life of the process.
#[no_mangle]
pub unsafe extern "C" fn qwen_provider_entry_v1(host: *const Host) -> *const Provider {
    static PROVIDER: Provider = Provider {
        struct_size: size_of::<Provider>() as u32,
        abi_minor: ABI_MINOR,
        id: "signing_rust\0".as_ptr().cast(),
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
