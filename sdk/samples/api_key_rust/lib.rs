//! A provider that takes an API key and sends it as a bearer token. The host asks for the key, keeps it, and makes the requests.
//!
//! Compiled with panic=abort: a panic ends the process the plugin runs in, never unwinds into the host, and costs one request.

mod abi;

use abi::*;
use core::ffi::c_void;
use core::mem::size_of;
use std::os::raw::c_char;
use std::sync::atomic::{AtomicPtr, Ordering};

static HOST: AtomicPtr<Host> = AtomicPtr::new(core::ptr::null_mut());

/// A service of the host; None when it does not have it. `id` ends in a NUL.
unsafe fn service<'a, Table>(id: &'static str) -> Option<&'a Table> {
    let host = &*HOST.load(Ordering::Acquire);
    ((host.get_extension)(host.ctx, id.as_ptr().cast()) as *const Table).as_ref()
}

/// The setting (flag, variable, .env, config.toml) goes before the key that `qwen auth login` stored.
unsafe fn find_key<'a>(call: *mut Call) -> Option<&'a [u8]> {
    if let Some(settings) = service::<HostSettings>("qwen.settings/1\0") {
        let mut setting = Setting { struct_size: size_of::<Setting>() as u32, source: 0, value: Str::EMPTY };
        if (settings.get)(call, Str::plain("api_key"), &mut setting) == OK && setting.value.len > 0 {
            return Some(setting.value.bytes());
        }
    }
    let secrets = service::<HostSecrets>("qwen.secrets/1\0")?;
    let mut stored = StoredSecret { struct_size: size_of::<StoredSecret>() as u32, reserved: 0, value: Str::EMPTY, expires_at_utc_ms: 0, revision: 0 };
    if (secrets.get)(call, Str::plain("api_key"), &mut stored) == OK && stored.value.len > 0 {
        return Some(stored.value.bytes());
    }
    None
}

/// Tells the user why the call is about to fail.
unsafe fn fail(call: *mut Call, code: Status, message: &str) -> Status {
    let error = Error { struct_size: size_of::<Error>() as u32, code, message: Str::plain(message), hint: Str::EMPTY, setting: Str::plain("api_key") };
    ((*HOST.load(Ordering::Acquire)).error)(call, &error);
    code
}

/// Everything is read from the host when it is needed, so an instance is a name for nothing.
unsafe extern "C" fn create(_call: *mut Call, instance: *mut *mut Instance) -> Status {
    *instance = core::ptr::NonNull::dangling().as_ptr();
    OK
}

unsafe extern "C" fn destroy(_instance: *mut Instance) {}

unsafe extern "C" fn state(_instance: *mut Instance, call: *mut Call, ops: *const SinkOps, sink: *mut Sink) -> Status {
    let kind = if find_key(call).is_some() { STATE_READY } else { STATE_LOGIN_NEEDED };
    let now = State { struct_size: size_of::<State>() as u32, kind, expires_at_utc_ms: 0, base_url: Str::EMPTY, account: Str::EMPTY };
    ((*ops).set_state)(sink, &now)
}

unsafe extern "C" fn authorize(_instance: *mut Instance, call: *mut Call, _request: *const Request, ops: *const SinkOps, sink: *mut Sink) -> Status {
    let key = match find_key(call) {
        Some(key) => key,
        None => return NEED_LOGIN,
    };
    if !key.iter().all(u8::is_ascii_graphic) {
        return fail(call, ERR_SETTING, "the API key cannot be sent: a character that is not ASCII");
    }
    let mut header = [b"Bearer ", key].concat();
    let status = ((*ops).set_header)(sink, Str::plain("Authorization"), Str::sensitive(&header));
    // Volatile, so that it is not left out as a write nobody reads.
    header.iter_mut().for_each(|byte| core::ptr::write_volatile(byte, 0));
    status
}

unsafe extern "C" fn on_response(_instance: *mut Instance, _call: *mut Call, response: *const Response, ops: *const SinkOps, sink: *mut Sink) -> Status {
    if (*response).status != 401 {
        return OK;
    }
    let refused = Verdict { struct_size: size_of::<Verdict>() as u32, kind: VERDICT_LOGIN_NEEDED, available_at_utc_ms: 0, text: Str::EMPTY, help_url: Str::EMPTY };
    ((*ops).set_verdict)(sink, &refused)
}

unsafe extern "C" fn get_extension(_id: *const c_char) -> *const c_void {
    core::ptr::null()
}

/// # Safety
/// Called once by the host, whose table stays valid for the life of the process.
#[no_mangle]
pub unsafe extern "C" fn qwen_provider_entry_v1(host: *const Host) -> *const Provider {
    static PROVIDER: Provider = Provider {
        struct_size: size_of::<Provider>() as u32,
        abi_minor: ABI_MINOR,
        id: "api_key_rust\0".as_ptr().cast(),
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
