//! The host's services as functions. Everything is called from within one entry call, whose handle is `Entry`.

use crate::abi::*;
use core::mem::size_of;
use std::sync::atomic::{AtomicPtr, Ordering};

pub static HOST: AtomicPtr<Host> = AtomicPtr::new(core::ptr::null_mut());

/// Why an entry call ends, and what the user is told (empty: the host words it).
pub struct Failure {
    pub status: Status,
    pub message: String,
}

impl Failure {
    pub fn new(status: Status, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into() }
    }

    /// A service has said why already.
    pub fn passed_on(status: Status) -> Failure {
        Failure::new(status, "")
    }
}

pub type Outcome<T> = Result<T, Failure>;

fn checked(status: Status) -> Outcome<()> {
    if status == OK { Ok(()) } else { Err(Failure::passed_on(status)) }
}

pub struct Stored {
    pub value: String,
    pub expires_at_utc_ms: i64,
    pub revision: u64,
}

pub struct Answer {
    pub status: u32,
    pub body: Vec<u8>,
}

/// One entry call in progress.
#[derive(Clone, Copy)]
pub struct Entry(pub *mut Call);

impl Entry {
    fn host(self) -> &'static Host {
        // The host's table stays valid for the life of the process.
        unsafe { &*HOST.load(Ordering::Acquire) }
    }

    /// `id` ends in a NUL.
    fn service<Table>(self, id: &'static str) -> Outcome<&'static Table> {
        let table = unsafe { ((self.host().get_extension)(self.host().ctx, id.as_ptr().cast()) as *const Table).as_ref() };
        table.ok_or_else(|| Failure::passed_on(ERR_UNSUPPORTED))
    }

    /// Runs `body` and turns its failure into a status; the reason goes to the host.
    pub fn run(self, body: impl FnOnce() -> Outcome<()>) -> Status {
        match body() {
            Ok(()) => OK,
            Err(failure) => {
                if !failure.message.is_empty() {
                    let error = Error {
                        struct_size: size_of::<Error>() as u32,
                        code: failure.status,
                        message: Str::plain(&failure.message),
                        hint: Str::EMPTY,
                        setting: Str::EMPTY,
                    };
                    unsafe { (self.host().error)(self.0, &error) };
                }
                failure.status
            }
        }
    }

    /// Empty when it is not set.
    pub fn setting(self, key: &str) -> Outcome<String> {
        let settings = self.service::<HostSettings>("qwen.settings/1\0")?;
        let mut found = Setting { struct_size: size_of::<Setting>() as u32, source: 0, value: Str::EMPTY };
        match unsafe { (settings.get)(self.0, Str::plain(key), &mut found) } {
            OK => Ok(String::from_utf8_lossy(unsafe { found.value.bytes() }).into_owned()),
            ERR_NOT_FOUND => Ok(String::new()),
            status => Err(Failure::passed_on(status)),
        }
    }

    pub fn stored(self, key: &str) -> Outcome<Option<Stored>> {
        let secrets = self.service::<HostSecrets>("qwen.secrets/1\0")?;
        let mut found = StoredSecret { struct_size: size_of::<StoredSecret>() as u32, reserved: 0, value: Str::EMPTY, expires_at_utc_ms: 0, revision: 0 };
        match unsafe { (secrets.get)(self.0, Str::plain(key), &mut found) } {
            OK => {
                let value = String::from_utf8_lossy(unsafe { found.value.bytes() }).into_owned();
                Ok(Some(Stored { value, expires_at_utc_ms: found.expires_at_utc_ms, revision: found.revision }))
            }
            ERR_NOT_FOUND => Ok(None),
            status => Err(Failure::passed_on(status)),
        }
    }

    /// Stores when `revision` is still the newest (0: none yet).
    pub fn store(self, key: &str, value: &str, expires_at_utc_ms: i64, revision: u64) -> Outcome<()> {
        let secrets = self.service::<HostSecrets>("qwen.secrets/1\0")?;
        checked(unsafe { (secrets.put_if)(self.0, Str::plain(key), Str::sensitive(value.as_bytes()), expires_at_utc_ms, revision, core::ptr::null_mut()) })
    }

    pub fn erase(self, key: &str) -> Outcome<()> {
        checked(unsafe { (self.service::<HostSecrets>("qwen.secrets/1\0")?.erase)(self.0, Str::plain(key)) })
    }

    pub fn post(self, url: &str, content_type: &str, body: &str) -> Outcome<Answer> {
        let http = self.service::<HostHttp>("qwen.http/1\0")?;
        let headers = [
            KeyValue { key: Str::plain("Content-Type"), value: Str::plain(content_type) },
            KeyValue { key: Str::plain("Accept"), value: Str::plain("application/json") },
        ];
        let request = HttpRequest {
            struct_size: size_of::<HttpRequest>() as u32,
            timeout_ms: 0,
            method: Str::plain("POST"),
            url: Str::plain(url),
            headers: headers.as_ptr(),
            header_count: headers.len() as u32,
            reserved: 0,
            body: Str::sensitive(body.as_bytes()),
        };
        let mut response =
            HttpResponse { struct_size: size_of::<HttpResponse>() as u32, status: 0, headers: core::ptr::null(), header_count: 0, reserved: 0, body: Str::EMPTY };
        checked(unsafe { (http.perform)(self.0, &request, &mut response) })?;
        Ok(Answer { status: response.status, body: unsafe { response.body.bytes() }.to_vec() })
    }

    pub fn utc_ms(self) -> Outcome<i64> {
        Ok(unsafe { (self.service::<HostClock>("qwen.clock/1\0")?.now_utc_ms)(self.host().ctx) })
    }

    pub fn mono_ms(self) -> Outcome<i64> {
        Ok(unsafe { (self.service::<HostClock>("qwen.clock/1\0")?.now_mono_ms)(self.host().ctx) })
    }

    /// Ctrl-C ends it at once, with a failure.
    pub fn sleep_until(self, mono_ms: i64) -> Outcome<()> {
        checked(unsafe { (self.service::<HostClock>("qwen.clock/1\0")?.sleep_until)(self.0, mono_ms) })
    }

    pub fn random_bytes(self) -> Outcome<[u8; 32]> {
        let mut bytes = [0; 32];
        unsafe { (self.service::<HostRandom>("qwen.random/1\0")?.bytes)(self.host().ctx, bytes.as_mut_ptr(), 32) };
        Ok(bytes)
    }

    pub fn sha256(self, text: &str) -> Outcome<[u8; 32]> {
        let mut digest = [0; 32];
        unsafe { (self.service::<HostCrypto>("qwen.crypto/1\0")?.sha256)(self.host().ctx, text.as_ptr(), text.len() as u64, digest.as_mut_ptr()) };
        Ok(digest)
    }

    pub fn show(self, uri: &str, uri_complete: &str, user_code: &str, expires_at_utc_ms: i64) -> Outcome<()> {
        let shown = DeviceCode {
            struct_size: size_of::<DeviceCode>() as u32,
            reserved: 0,
            verification_uri: Str::plain(uri),
            verification_uri_complete: Str::plain(uri_complete),
            user_code: Str::plain(user_code),
            expires_at_utc_ms,
        };
        checked(unsafe { (self.service::<HostUi>("qwen.ui/1\0")?.device_code)(self.0, &shown) })
    }

    pub fn progress(self, event: u32) -> Outcome<()> {
        unsafe { (self.service::<HostUi>("qwen.ui/1\0")?.progress)(self.0, event, Str::EMPTY) };
        Ok(())
    }
}
