//! What this provider uses of <qwen/abi.h>, <qwen/host.h> and <qwen/provider.h>, member by member. The headers say what each means.
#![allow(dead_code)]

use core::ffi::c_void;
use core::mem::size_of;
use std::os::raw::c_char;

pub type Status = u32;
pub const OK: Status = 0;
pub const ERR_UNSUPPORTED: Status = 101;
pub const ERR_TRANSIENT: Status = 200;
pub const ERR_TIMED_OUT: Status = 202;
pub const ERR_NETWORK: Status = 203;
pub const NEED_LOGIN: Status = 302;
pub const ERR_SETTING: Status = 303;
pub const ERR_LOGIN_DENIED: Status = 304;
pub const ERR_LOGIN_EXPIRED: Status = 305;
pub const ERR_INVALID_GRANT: Status = 306;
pub const ERR_NOT_FOUND: Status = 307;
pub const ERR_PROVIDER: Status = 500;
pub const ERR_BAD_RESPONSE: Status = 501;
pub const STATE_READY: u32 = 1;
pub const STATE_EXPIRED: u32 = 3;
pub const STATE_LOGIN_NEEDED: u32 = 4;
pub const VERDICT_REFRESH_AND_RETRY: u32 = 2;
pub const PROGRESS_POLLING: u32 = 1;
pub const PROGRESS_SLOWED_DOWN: u32 = 2;
pub const PROGRESS_AUTHORIZED: u32 = 3;
pub const PROGRESS_DENIED: u32 = 4;
pub const PROGRESS_EXPIRED: u32 = 5;
pub const PROGRESS_NETWORK_LOST: u32 = 6;
pub const STR_SENSITIVE: u32 = 1;
pub const ABI_MINOR: u32 = 0;

/// Borrowed text: valid until the function it was given to, or the entry call it came from, returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    pub data: *const u8,
    pub len: u32,
    pub flags: u32,
}

impl Str {
    pub const EMPTY: Str = Str { data: core::ptr::null(), len: 0, flags: 0 };

    pub fn plain(text: &str) -> Str {
        Str { data: text.as_ptr(), len: text.len() as u32, flags: 0 }
    }

    /// A credential: the host redacts it and wipes its own copies.
    pub fn sensitive(text: &[u8]) -> Str {
        Str { data: text.as_ptr(), len: text.len() as u32, flags: STR_SENSITIVE }
    }

    /// # Safety
    /// `self` comes from the host, in the entry call that is still in progress.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        core::slice::from_raw_parts(self.data, self.len as usize)
    }
}

#[repr(C)]
pub struct Call {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct HostContext {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct Error {
    pub struct_size: u32,
    pub code: Status,
    pub message: Str,
    pub hint: Str,
    pub setting: Str,
}

#[repr(C)]
pub struct Sink {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct Request {
    _unused: [u8; 0],
}

#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub name: Str,
    pub version: Str,
    pub ctx: *mut HostContext,
    pub log: unsafe extern "C" fn(*mut HostContext, *mut Call, u32, Str),
    pub error: unsafe extern "C" fn(*mut Call, *const Error),
    pub cancelled: unsafe extern "C" fn(*mut Call) -> u32,
    pub deadline_mono_ms: unsafe extern "C" fn(*mut Call) -> i64,
    pub interactive: unsafe extern "C" fn(*mut Call) -> u32,
    pub get_extension: unsafe extern "C" fn(*mut HostContext, *const c_char) -> *const c_void,
}

#[repr(C)]
pub struct Setting {
    pub struct_size: u32,
    pub source: u32,
    pub value: Str,
}

#[repr(C)]
pub struct HostSettings {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub get: unsafe extern "C" fn(*mut Call, Str, *mut Setting) -> Status,
}

#[repr(C)]
pub struct StoredSecret {
    pub struct_size: u32,
    pub reserved: u32,
    pub value: Str,
    pub expires_at_utc_ms: i64,
    pub revision: u64,
}

#[repr(C)]
pub struct HostSecrets {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub get: unsafe extern "C" fn(*mut Call, Str, *mut StoredSecret) -> Status,
    pub put_if: unsafe extern "C" fn(*mut Call, Str, Str, i64, u64, *mut u64) -> Status,
    pub erase: unsafe extern "C" fn(*mut Call, Str) -> Status,
}

#[repr(C)]
pub struct HostClock {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub now_utc_ms: unsafe extern "C" fn(*mut HostContext) -> i64,
    pub now_mono_ms: unsafe extern "C" fn(*mut HostContext) -> i64,
    pub server_skew_ms: unsafe extern "C" fn(*mut Call, Str) -> i64,
    pub sleep_until: unsafe extern "C" fn(*mut Call, i64) -> Status,
}

#[repr(C)]
pub struct HostCrypto {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub sha256: unsafe extern "C" fn(*mut HostContext, *const u8, u64, *mut u8),
    pub hmac_sha256: unsafe extern "C" fn(*mut HostContext, *const u8, u64, *const u8, u64, *mut u8),
}

#[repr(C)]
pub struct KeyValue {
    pub key: Str,
    pub value: Str,
}

#[repr(C)]
pub struct HostRandom {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub bytes: unsafe extern "C" fn(*mut HostContext, *mut u8, u32),
}

#[repr(C)]
pub struct HttpRequest {
    pub struct_size: u32,
    pub timeout_ms: u32,
    pub method: Str,
    pub url: Str,
    pub headers: *const KeyValue,
    pub header_count: u32,
    pub reserved: u32,
    pub body: Str,
}

#[repr(C)]
pub struct HttpResponse {
    pub struct_size: u32,
    pub status: u32,
    pub headers: *const KeyValue,
    pub header_count: u32,
    pub reserved: u32,
    pub body: Str,
}

#[repr(C)]
pub struct HostHttp {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub perform: unsafe extern "C" fn(*mut Call, *const HttpRequest, *mut HttpResponse) -> Status,
}

#[repr(C)]
pub struct DeviceCode {
    pub struct_size: u32,
    pub reserved: u32,
    pub verification_uri: Str,
    pub verification_uri_complete: Str,
    pub user_code: Str,
    pub expires_at_utc_ms: i64,
}

#[repr(C)]
pub struct HostUi {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub device_code: unsafe extern "C" fn(*mut Call, *const DeviceCode) -> Status,
    pub prompt: unsafe extern "C" fn(*mut Call, *const c_void, *mut Str) -> Status,
    pub choose: unsafe extern "C" fn(*mut Call, Str, *const Str, u32, *mut u32) -> Status,
    pub notice: unsafe extern "C" fn(*mut Call, Str),
    pub progress: unsafe extern "C" fn(*mut Call, u32, Str),
}

#[repr(C)]
pub struct ProviderLogin {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub login: unsafe extern "C" fn(*mut Instance, *mut Call, Str) -> Status,
    pub logout: unsafe extern "C" fn(*mut Instance, *mut Call) -> Status,
}

#[repr(C)]
pub struct ProviderRefresh {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub refresh: unsafe extern "C" fn(*mut Instance, *mut Call) -> Status,
}

#[repr(C)]
pub struct State {
    pub struct_size: u32,
    pub kind: u32,
    pub expires_at_utc_ms: i64,
    pub base_url: Str,
    pub account: Str,
}

#[repr(C)]
pub struct Verdict {
    pub struct_size: u32,
    pub kind: u32,
    pub available_at_utc_ms: i64,
    pub text: Str,
    pub help_url: Str,
}

#[repr(C)]
pub struct Response {
    pub struct_size: u32,
    pub status: u32,
    pub headers: *const c_void,
    pub header_count: u32,
    pub reserved: u32,
    pub body_start: Str,
}

#[repr(C)]
pub struct SinkOps {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub set_header: unsafe extern "C" fn(*mut Sink, Str, Str) -> Status,
    pub set_query: unsafe extern "C" fn(*mut Sink, Str, Str) -> Status,
    pub set_base_url: unsafe extern "C" fn(*mut Sink, Str) -> Status,
    pub set_path: unsafe extern "C" fn(*mut Sink, Str) -> Status,
    pub set_body_field: unsafe extern "C" fn(*mut Sink, Str, Str) -> Status,
    pub set_state: unsafe extern "C" fn(*mut Sink, *const State) -> Status,
    pub set_verdict: unsafe extern "C" fn(*mut Sink, *const Verdict) -> Status,
    pub add_model: unsafe extern "C" fn(*mut Sink, *const c_void) -> Status,
    pub add_fact: unsafe extern "C" fn(*mut Sink, Str, Str) -> Status,
}

pub enum Instance {}

#[repr(C)]
pub struct Provider {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub id: *const c_char,
    pub version: *const c_char,
    pub create: unsafe extern "C" fn(*mut Call, *mut *mut Instance) -> Status,
    pub destroy: unsafe extern "C" fn(*mut Instance),
    pub state: unsafe extern "C" fn(*mut Instance, *mut Call, *const SinkOps, *mut Sink) -> Status,
    pub authorize: unsafe extern "C" fn(*mut Instance, *mut Call, *const Request, *const SinkOps, *mut Sink) -> Status,
    pub on_response: unsafe extern "C" fn(*mut Instance, *mut Call, *const Response, *const SinkOps, *mut Sink) -> Status,
    pub get_extension: unsafe extern "C" fn(*const c_char) -> *const c_void,
}

// Constant data that is never written.
unsafe impl Sync for Provider {}

// The sizes of the headers: a member that is missing or misspelt here does not compile.
const _: () = assert!(size_of::<Str>() == 16 && size_of::<Host>() == 96 && size_of::<Setting>() == 24 && size_of::<HostSettings>() == 16);
const _: () = assert!(size_of::<Error>() == 56 && size_of::<StoredSecret>() == 40 && size_of::<HostSecrets>() == 32 && size_of::<State>() == 48);
const _: () = assert!(size_of::<HostClock>() == 40 && size_of::<HostCrypto>() == 24 && size_of::<HostRandom>() == 16 && size_of::<HostHttp>() == 16);
const _: () = assert!(size_of::<HttpRequest>() == 72 && size_of::<HttpResponse>() == 40 && size_of::<DeviceCode>() == 64 && size_of::<HostUi>() == 48);
const _: () = assert!(size_of::<ProviderLogin>() == 24 && size_of::<ProviderRefresh>() == 16);
const _: () = assert!(size_of::<Verdict>() == 48 && size_of::<Response>() == 40 && size_of::<SinkOps>() == 80 && size_of::<Provider>() == 72);
