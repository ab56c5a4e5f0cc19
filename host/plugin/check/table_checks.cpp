#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "host/plugin/check/checks.hpp"

namespace qwen::host::plugin::check {

void one_exported_symbol(Rehearsal& rehearsal) {
    const auto& exported = rehearsal.plugin.elf.exported;
    if (exported == std::vector<std::string>{QWEN_ENTRY_SYMBOL}) return;
    rehearsal.board.fail(fmt::format(
        "the file exports {} symbols: {}", exported.size(),
        fmt::join(exported.begin(), exported.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(exported.size(), 5)), ", ")));
}

void only_the_c_library(Rehearsal& rehearsal) {
    constexpr std::array<std::string_view, 9> kEverywhere{"libc.so",     "libm.so",      "libdl.so", "libpthread.so", "librt.so",
                                                          "libgcc_s.so", "libstdc++.so", "ld-linux", "libasan.so"};
    const auto& elf = rehearsal.plugin.elf;
    if (!elf.run_path.empty()) rehearsal.board.fail(fmt::format("the file has the run path {}", elf.run_path));
    for (const auto& library : elf.needed) {
        const bool is_everywhere =
            std::any_of(kEverywhere.begin(), kEverywhere.end(), [&](std::string_view name) { return library.starts_with(name); });
        if (!is_everywhere && !library.starts_with("libubsan") && !library.starts_with("libtsan"))
            rehearsal.board.fail(fmt::format("the file needs {}", library));
    }
}

void table_agrees_with_note(Rehearsal& rehearsal) {
    const auto* const provider = rehearsal.shake_hands();
    if (provider == nullptr || !QWEN_HAS(provider, qwen_provider, version)) rehearsal.board.leave_undecided("there is no table");
    const auto& manifest = rehearsal.plugin.manifest;
    const auto compare = [&](std::string_view what, const char* table, const std::string& note) {
        if (table == nullptr) rehearsal.board.fail(fmt::format("the table has no {}", what));
        if (note != table) rehearsal.board.fail(fmt::format("the table's {} is '{}', the manifest's is '{}'", what, table, note));
    };
    compare("id", provider->id, manifest.id);
    compare("version", provider->version, manifest.version);
}

void table_is_complete(Rehearsal& rehearsal) {
    const auto* const provider = rehearsal.shake_hands();
    if (provider == nullptr) rehearsal.board.fail("qwen_provider_entry_v1 returned NULL to an ordinary host");
    if (!QWEN_HAS(provider, qwen_provider, get_extension)) {
        rehearsal.board.fail(fmt::format("struct_size of the table is {}, version 1.0 has {}", provider->struct_size,
                                         offsetof(qwen_provider, get_extension) + sizeof(void*)));
    }
    const std::pair<const char*, bool> functions[] = {{"create", provider->create != nullptr},
                                                      {"destroy", provider->destroy != nullptr},
                                                      {"state", provider->state != nullptr},
                                                      {"authorize", provider->authorize != nullptr},
                                                      {"on_response", provider->on_response != nullptr},
                                                      {"get_extension", provider->get_extension != nullptr}};
    for (const auto& [name, is_there] : functions)
        if (!is_there) rehearsal.board.fail(fmt::format("`{}` is missing from the table", name));
    const auto built = rehearsal.plugin.manifest.abi_built.minor;
    if (provider->abi_minor > built)
        rehearsal.board.fail(fmt::format("abi_minor of the table is {}, abi_built of the manifest says {}", provider->abi_minor, built));
}

void extensions_are_complete(Rehearsal& rehearsal) {
    rehearsal.load();
    const std::pair<const char*, std::size_t> tables[] = {
        {QWEN_EXT_LOGIN, 2}, {QWEN_EXT_REFRESH, 1}, {QWEN_EXT_SIGN, 1}, {QWEN_EXT_ACCOUNT, 1}, {QWEN_EXT_MODELS, 1}};
    for (const auto& [id, functions] : tables) {
        // Every table of version 1.0 is two numbers and then functions.
        struct Head {
            std::uint32_t struct_size, abi_minor;
        };
        const auto* const table = static_cast<const char*>(rehearsal.provider().get_extension(id));
        if (table == nullptr) continue;
        const auto size = reinterpret_cast<const Head*>(table)->struct_size;
        const std::size_t expected = sizeof(Head) + functions * sizeof(void*);
        if (size < expected) rehearsal.board.fail(fmt::format("struct_size of {} is {}, version 1.0 has {}", id, size, expected));
        for (std::size_t i = 0; i < functions; ++i) {
            if (reinterpret_cast<void* const*>(table + sizeof(Head))[i] == nullptr)
                rehearsal.board.fail(fmt::format("function {} of {} is missing", i + 1, id));
        }
        if (rehearsal.provider().get_extension(id) != table)
            rehearsal.board.fail(fmt::format("{} is another table when it is asked for again", id));
    }
    for (const auto& method : rehearsal.plugin.manifest.methods) {
        if (method.kind == "device-code" && rehearsal.provider().get_extension(QWEN_EXT_LOGIN) == nullptr) {
            rehearsal.board.fail(fmt::format("the method '{}' needs {}, which the plugin has not", method.id, QWEN_EXT_LOGIN));
        }
    }
}

void unknown_ids_are_null(Rehearsal& rehearsal) {
    rehearsal.load();
    const std::string longest(4096, 'q');
    const std::string ids[] = {"",
                               "qwen",
                               "qwen.login",
                               "qwen.login/",
                               "qwen.login/2",
                               "qwen.login/10",
                               "qwen.login/1 ",
                               "qwen.login/1x",
                               "QWEN.LOGIN/1",
                               "qwen.refresh/2",
                               "qwen.sign/12",
                               "qwen.account/1.0",
                               "qwen.models/1/",
                               "qwen.step/1",
                               "com.example.other/1",
                               longest};
    for (const auto& id : ids) {
        rehearsal.board.enter("get_extension");
        if (rehearsal.provider().get_extension(id.c_str()) != nullptr)
            rehearsal.board.fail(fmt::format("get_extension(\"{}\") is not NULL", id.substr(0, 60)));
    }
    rehearsal.board.enter({});
}

}  // namespace qwen::host::plugin::check
