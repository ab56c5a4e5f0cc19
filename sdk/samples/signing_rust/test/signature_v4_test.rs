//! The published test vectors of AWS Signature Version 4 (aws-sig-v4-test-suite), by their names there. Those about dot segments and repeated headers are
//! left out: the host sends neither.

#[path = "sha256.rs"]
mod sha256;
#[path = "../signature_v4.rs"]
mod signature_v4;

use signature_v4::*;

macro_rules! unreserved {
    () => {
        "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    };
}

/// Name, method, path, query, headers besides host and x-amz-date, body, signature.
type Vector = (&'static str, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const VECTORS: &[Vector] = &[
    ("get-vanilla", "GET", "/", "", &[], "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-vanilla-empty-query-key", "GET", "/", "Param1=value1", &[], "",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    ("get-vanilla-query-order-key", "GET", "/", "Param1=value2&Param1=Value1", &[], "",
     "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"),
    ("get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", &[], "",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("get-vanilla-query-order-value", "GET", "/", "Param1=value2&Param1=value1", &[], "",
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"),
    ("get-vanilla-query-unreserved", "GET", "/", concat!(unreserved!(), "=", unreserved!()), &[], "",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    ("get-vanilla-query-order-encoded", "GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", &[], "",
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
    ("get-vanilla-utf8-query", "GET", "/", "ሴ=bar", &[], "",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    ("get-unreserved", "GET", concat!("/", unreserved!()), "", &[], "",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    ("get-utf8", "GET", "/ሴ", "", &[], "",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    ("get-space", "GET", "/example space/", "", &[], "",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    ("get-header-value-trim", "GET", "/", "", &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")], "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    ("get-vanilla-with-session-token", "GET", "/", "", &[("x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")], "",
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"),
    ("post-vanilla", "POST", "/", "", &[], "",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("post-vanilla-query", "POST", "/", "Param1=value1", &[], "",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    ("post-header-key-sort", "POST", "/", "", &[("my-header1", "value1")], "",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    ("post-header-value-case", "POST", "/", "", &[("my-header1", "VALUE1")], "",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    ("post-x-www-form-urlencoded", "POST", "/", "", &[("content-type", "application/x-www-form-urlencoded")], "Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ("post-x-www-form-urlencoded-parameters", "POST", "/", "", &[("content-type", "application/x-www-form-urlencoded; charset=utf8")], "Param1=value1",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
];

struct Own;

impl Digests for Own {
    fn sha256(&self, bytes: &[u8]) -> Digest {
        sha256::sha256(bytes)
    }
    fn hmac_sha256(&self, key: &[u8], bytes: &[u8]) -> Digest {
        sha256::hmac_sha256(key, bytes)
    }
}

#[test]
fn signatures_are_those_of_the_published_vectors() {
    for (name, method, path, query, headers, body, signature) in VECTORS {
        let mut all: Vec<(String, String)> = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        all.push(("host".to_string(), "example.amazonaws.com".to_string()));
        all.push(("x-amz-date".to_string(), "20150830T123600Z".to_string()));
        let request = SignedRequest { method, path, query, headers: all, body_sha256: sha256::sha256(body.as_bytes()) };
        let scope = Scope { access_key_id: "AKIDEXAMPLE", region: "us-east-1", service: "service", time: "20150830T123600Z" };
        let header = authorization_header(&Own, b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &scope, request);
        assert!(header.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "), "{}", name);
        assert_eq!(header.split("Signature=").nth(1), Some(*signature), "{}", name);
    }
}

#[test]
fn times_are_written_without_separators() {
    assert_eq!(basic_time(1_440_938_160_000), "20150830T123600Z");
    assert_eq!(basic_time(1_709_251_199_999), "20240229T235959Z");
    assert_eq!(basic_time(0), "19700101T000000Z");
}
