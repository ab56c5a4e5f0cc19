//! What this provider uses of <qwen/abi.h>, <qwen/host.h> and <qwen/provider.h>, member by member. The headers say what each means.
#![allow(dead_code)]

use core::ffi::c_void;
use core::mem::size_of;
use std::os::raw::c_char;

pub type Status = u32;
pub const OK: Status = 0;
pub const ERR_SETTING: Status = 303;
pub const ERR_UNSUPPORTED: Status = 101;
pub const NEED_LOGIN: Status = 302;
pub const STATE_READY: u32 = 1;
pub const STATE_LOGIN_NEEDED: u32 = 4;
pub const VERDICT_LOGIN_NEEDED: u32 = 3;
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
pub struct FinalRequest {
    pub struct_size: u32,
    pub header_count: u32,
    pub method: Str,
    pub url: Str,
    pub headers: *const KeyValue,
    pub body_sha256: [u8; 32],
    pub body: Str,
}

#[repr(C)]
pub struct ProviderSign {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub sign: unsafe extern "C" fn(*mut Instance, *mut Call, *const FinalRequest, *const SinkOps, *mut Sink) -> Status,
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
const _: () = assert!(size_of::<HostClock>() == 40 && size_of::<HostCrypto>() == 24 && size_of::<FinalRequest>() == 96 && size_of::<ProviderSign>() == 16);
const _: () = assert!(size_of::<Verdict>() == 48 && size_of::<Response>() == 40 && size_of::<SinkOps>() == 80 && size_of::<Provider>() == 72);
