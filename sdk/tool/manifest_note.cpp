// qwen_manifest_note: compiles plugin.toml into a C source that holds the ELF note .note.qwen.plugin.
//
// A source file and not an object: the plugin's own compiler makes the note, so it is right for every target, with LTO and with lld.
// The output is valid as C11 and as C++.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "manifest_schema.hpp"
#include "qwen/plugin.h"

namespace {

constexpr std::size_t kMaxManifestBytes = 16u << 10;

struct Options {
    std::string input;
    std::string output;
    std::string id;
    bool print_json = false;
};

constexpr std::string_view kUsage =
    "usage: qwen_manifest_note plugin.toml -o note.c [--id NAME]\n"
    "       qwen_manifest_note plugin.toml --json\n"
    "Checks a plugin's manifest and turns it into the source of its ELF note (or prints the note's JSON).\n"
    "  --id NAME   the file's stem; 'id' must equal it\n";

bool parse_options(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const bool has_value = i + 1 < argc;
        if (argument == "-o" && has_value) {
            options.output = argv[++i];
        } else if (argument == "--id" && has_value) {
            options.id = argv[++i];
        } else if (argument == "--json") {
            options.print_json = true;
        } else if (!argument.empty() && argument[0] != '-' && options.input.empty()) {
            options.input = argument;
        } else {
            return false;
        }
    }
    return !options.input.empty() && (options.print_json || !options.output.empty());
}

/// Bytes as numbers, because a string literal of 16 KiB is beyond what ISO C promises to take.
std::string byte_list(std::string_view bytes, std::size_t padded_size) {
    std::string text;
    for (std::size_t i = 0; i < padded_size; ++i) {
        char number[8];
        std::snprintf(number, sizeof number, "%u,", i < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) : 0u);
        text += number;
        if (i % 32 == 31) text += '\n';
    }
    return text;
}

std::string note_source(std::string_view json, const std::string& input) {
    const std::size_t padded = (json.size() + 3) / 4 * 4;
    std::ostringstream source;
    source << "/* Made by qwen_manifest_note from " << input << "; do not edit. */\n"
           << "__attribute__((section(\"" QWEN_NOTE_SECTION "\"), used, aligned(4)))\n"
           << "static const struct {\n"
           << "    unsigned int owner_size, manifest_size, type;\n"
           << "    unsigned char owner[8];\n"
           << "    unsigned char manifest[" << padded << "];\n"
           << "} qwen_manifest_note = {\n"
           << "    " << sizeof(QWEN_NOTE_OWNER) << ", " << json.size() << ", " << QWEN_NOTE_MANIFEST << ",\n"
           << "    {" << byte_list(QWEN_NOTE_OWNER, 8) << "},\n"
           << "    {" << byte_list(json, padded) << "},\n"
           << "};\n";
    return source.str();
}

int fail(const std::string& message) {
    std::cerr << "qwen_manifest_note: " << message << '\n';
    return 1;
}

std::string headers_abi() { return std::to_string(QWEN_ABI_MAJOR) + "." + std::to_string(QWEN_ABI_MINOR); }

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse_options(argc, argv, options)) {
        std::cerr << kUsage;
        return 2;
    }

    std::ifstream file(options.input, std::ios::binary);
    if (!file) return fail("cannot read " + options.input + ": " + std::strerror(errno));
    const std::string text{std::istreambuf_iterator<char>(file), {}};

    const auto conversion = qwen::sdk::convert_manifest(text, options.input, {.file_stem = options.id, .abi_built = headers_abi()});
    for (const std::string& problem : conversion.problems) std::cerr << problem << '\n';
    if (!conversion.problems.empty()) return 1;
    if (conversion.json.size() > kMaxManifestBytes) {
        return fail(options.input + ": the manifest is " + std::to_string(conversion.json.size()) + " bytes as JSON; at most 16384 fit in a note");
    }
    if (options.print_json) {
        std::cout << conversion.json << '\n';
        return 0;
    }

    std::ofstream output(options.output, std::ios::binary | std::ios::trunc);
    output << note_source(conversion.json, options.input);
    output.close();
    if (!output) return fail("cannot write " + options.output);
    return 0;
}
