// A plugin's file and the manifest in it, read before a byte of it may run.

#include "core/base/url.hpp"
#include "host/plugin/elf_note.hpp"
#include "host/plugin/manifest.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using fuzz::expect;

namespace {

void check_refusal(ErrorCode code) {
    expect(code == ErrorCode::plugin_refused || code == ErrorCode::plugin_incompatible, "a file that cannot be used is refused or incompatible");
}

void check_manifest(std::string_view json) {
    const auto manifest = host::plugin::parse_manifest(json, "sample.so");
    if (!manifest) return check_refusal(manifest.error().code);
    expect(!manifest->id.empty(), "a plugin has an id");
    for (const auto& origin : manifest->origins) {
        const auto url = Url::parse(origin);
        expect(url && url->origin().to_string() == origin, "origins stand in their normal form");
    }
    (void)host::plugin::check_compatible(*manifest, "sample.so");
    (void)host::plugin::settings_for(*manifest, nullptr);
    for (const auto& preset : manifest->presets) {
        (void)host::plugin::settings_for(*manifest, &preset);
        (void)host::plugin::preset_layer(*manifest, &preset);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    if (!text.empty() && text.front() == '{') check_manifest(text);
    if (const auto json = host::plugin::find_manifest(text, "sample.so")) check_manifest(*json);
    const auto facts = host::plugin::inspect_elf(text, "sample.so");
    if (!facts) return check_refusal(facts.error().code), 0;
    check_manifest(facts->manifest);
    return 0;
}
