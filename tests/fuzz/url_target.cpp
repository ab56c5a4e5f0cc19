// Addresses and the origins credentials are bound to: an accepted address means one server, however often it is written and read.

#include <algorithm>

#include "core/base/url.hpp"
#include "core/config/policy.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

namespace {

void check_origin(const Origin& origin) {
    expect(origin.scheme == "http" || origin.scheme == "https", "a scheme is http or https");
    expect(origin.port != 0, "a port is known");
    expect(!origin.host.empty() && origin.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_:") == std::string::npos,
           "a host is made of lower-case letters, digits and few signs");
    expect(origin.host.back() != '.', "a host has no trailing dot");
    const auto again = Url::parse(origin.to_string());
    expect(again && again->origin() == origin, "an origin that is written and read is the same");
    if (origin.host.find(':') == std::string::npos) expect(config::origin_matches(origin.to_string(), origin), "an origin covers itself");
    Origin other = origin;
    other.host = "x" + other.host;
    expect(!config::origin_matches(origin.to_string(), other), "an origin covers no other");
}

void check_target(const Url& url) {
    const std::string target = url.path_and_query();
    expect(target.front() == '/', "a path starts with a slash");
    for (const char c : target) expect(c > ' ' && c < 0x7f, "nothing in a path ends the request line");
    expect(target.find_first_of("\\#") == std::string::npos, "a path has neither backslash nor fragment");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view text = fuzz::text_of(bytes, size);
    const std::string_view first = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), first.size() + 1));

    const auto url = Url::parse(first);
    if (!url) return expect(url.error().code == ErrorCode::config_invalid, "a refused address is config_invalid"), 0;
    check_origin(url->origin());
    check_target(*url);
    const auto again = Url::parse(url->to_string());
    expect(again && *again == *url, "an address that is written and read is the same");

    const Url longer = url->with_path_appended(text);
    check_target(longer);
    expect(longer.origin() == url->origin(), "a suffix does not change the server");
    const Url asked = url->with_query_parameter(text, text);
    check_target(asked);
    expect(asked.origin() == url->origin(), "a parameter does not change the server");
    if (const auto moved = url->with_path(text)) {
        check_target(*moved);
        expect(moved->origin() == url->origin(), "another path does not change the server");
    }
    (void)config::check_origin_pattern(first);
    (void)config::origin_matches(first, url->origin());
    return 0;
}
