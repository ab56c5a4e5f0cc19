# Writes the source that knows the SHA-256 of every bundled plugin.  cmake -DOUTPUT=... -DFILES=a;b -P write_bundled_hashes.cmake
set(rows "")
foreach(file IN LISTS FILES)
    file(SHA256 ${file} digest)
    get_filename_component(name ${file} NAME)
    string(APPEND rows "    \"${digest}\",  // ${name}\n")
endforeach()
string(CONFIGURE [[
// Made by scripts/cmake/write_bundled_hashes.cmake; do not edit.
#include "host/plugin/bundled_hashes.hpp"

namespace qwen::host::plugin {

bool is_bundled_hash(std::string_view sha256) {
    static constexpr std::string_view kHashes[] = {
@rows@    "",
    };
    for (const std::string_view hash : kHashes) {
        if (!hash.empty() && hash == sha256) return true;
    }
    return false;
}

}  // namespace qwen::host::plugin
]] source @ONLY)
file(WRITE ${OUTPUT} "${source}")
