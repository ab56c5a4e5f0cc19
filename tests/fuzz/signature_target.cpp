// A signature file somebody put beside a plugin, and the keys of a policy. The first line of the input is a key, the rest a signature.

#include <algorithm>

#include "core/system/minisign.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    constexpr std::string_view kContent = "the plugin";
    std::string_view text = fuzz::text_of(bytes, size);
    const std::string_view first = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), first.size() + 1));
    const auto key = system::parse_minisign_key(first);
    if (key) expect(key->name().size() == 16, "a key has a name of 16 digits");
    const system::MinisignKey keys[] = {key ? *key : system::MinisignKey{}};
    const auto signer = system::verify_minisign(kContent, text, keys);
    if (signer) expect(!system::verify_minisign("another", text, keys), "a signature is good for one content");
    return 0;
}
