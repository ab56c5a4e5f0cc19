#include "host/commands/project_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "host/cli/suggestion.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

/// In the order in which one is chosen when only the other half was asked for.
constexpr std::array<std::string_view, 3> kLanguages{"c", "cpp", "rust"};
constexpr std::array<std::string_view, 4> kKinds{"api-key", "device-code", "signing", "command"};
constexpr std::size_t kLongestProjectName = 64;

/// A name becomes a namespace, a crate and a CMake target, where these mean something else.
constexpr std::array<std::string_view, 90> kTaken{
    "all",      "alignas",  "alignof",  "and",     "as",       "asm",     "async",    "auto",     "await",    "bool",    "box",      "break",   "build",
    "case",     "catch",    "char",     "check",   "class",    "clean",   "concept",  "const",    "continue", "crate",   "default",  "delete",  "do",
    "double",   "dyn",      "else",     "enum",    "explicit", "export",  "extern",   "false",    "final",    "float",   "fn",       "for",     "friend",
    "goto",     "help",     "if",       "impl",    "in",       "inline",  "install",  "int",      "let",      "long",    "loop",     "main",    "match",
    "mod",      "move",     "mut",      "mutable", "namespace", "new",    "noexcept", "not",      "nullptr",  "operator", "or",      "package", "private",
    "protected", "pub",     "public",   "qwen",    "ref",      "register", "return",  "self",     "short",    "signed",  "sizeof",   "static",  "std",
    "struct",   "switch",   "template", "test",    "this",     "throw",   "trait",    "try",      "type",     "union",   "unsigned", "xor"};

std::string spelled(std::string_view name, char separator) {
    std::string text(name);
    std::replace(text.begin(), text.end(), '_', separator);
    return text;
}

std::string upper_case(std::string_view name) {
    std::string text(name);
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return text;
}

bool is_project_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/// What is nearest to `name` and may be one.
std::string legal_name(std::string_view name) {
    std::string legal;
    for (char c : name.substr(0, kLongestProjectName)) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
        if (is_project_character(c)) legal += c;
        else if (!legal.empty() && legal.back() != '_') legal += '_';
    }
    while (!legal.empty() && legal.back() == '_') legal.pop_back();
    const auto first = legal.find_first_of("abcdefghijklmnopqrstuvwxyz");
    if (first == std::string::npos) return "my_provider";
    legal.erase(0, first);
    return std::find(kTaken.begin(), kTaken.end(), legal) == kTaken.end() ? legal : legal + "_provider";
}

Result<void> check_name(const std::string& name) {
    if (!name.empty() && name.front() >= 'a' && name.front() <= 'z' && name.size() <= kLongestProjectName && std::all_of(name.begin(), name.end(), is_project_character) &&
        std::find(kTaken.begin(), kTaken.end(), name) == kTaken.end()) {
        return {};
    }
    const bool is_taken = std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end();
    return Error{ErrorCode::usage,
                 is_taken ? fmt::format("\"{}\" means something else to a compiler or to CMake", name)
                          : fmt::format("\"{}\" cannot be a provider's name: lower-case letters, digits and '_', a letter first, at most 64", sanitized_line(name, 80)),
                 fmt::format("qwen plugin new {}", legal_name(name)), std::nullopt};
}

const SampleProject* find_sample(std::string_view kind, std::string_view language) {
    std::string name(kind);
    std::replace(name.begin(), name.end(), '-', '_');
    name += '_';
    name += language;
    const auto all = sample_projects();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& sample) { return sample.name == name; });
    return found == all.end() ? nullptr : &*found;
}

template <std::size_t N>
Result<void> check_known(std::string_view what, const std::string& value, const std::array<std::string_view, N>& known) {
    if (value.empty() || std::find(known.begin(), known.end(), value) != known.end()) return {};
    const auto near = nearest_name(value, known);
    return Error{ErrorCode::usage, fmt::format("{} does not know \"{}\"{}", what, sanitized_line(value, 40), near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)),
                 fmt::format("one of {}", fmt::join(known, ", ")), std::nullopt};
}

struct TemplateChoice {
    std::string_view kind;
    std::string_view language;
    const SampleProject* sample = nullptr;
};

Result<TemplateChoice> choose(const ProjectWish& wish) {
    QWEN_CHECK(check_known("--kind", wish.kind, kKinds));
    QWEN_CHECK(check_known("--lang", wish.language, kLanguages));
    for (const auto language : kLanguages) {
        if (!wish.language.empty() && wish.language != language) continue;
        const std::string_view kind = wish.kind.empty() ? kKinds.front() : std::string_view(wish.kind);
        if (const auto* sample = find_sample(kind, language)) return TemplateChoice{kind, language, sample};
    }
    return Error{ErrorCode::usage, fmt::format("there is no template for {} in {}", wish.kind, wish.language), "one of these: " + offered_templates(), std::nullopt};
}

std::string replaced(std::string_view text, const std::vector<std::pair<std::string, std::string>>& names) {
    std::string out;
    out.reserve(text.size() + 256);
    while (!text.empty()) {
        const auto here = std::find_if(names.begin(), names.end(), [&](const auto& name) { return text.starts_with(name.first); });
        const std::size_t length = here == names.end() ? 1 : here->first.size();
        if (here == names.end()) out += text.front();
        else out += here->second;
        text.remove_prefix(length);
    }
    return out;
}

/// `name = "..."` of the sample's manifest: what it is called in texts for people.
std::string_view title_of(const SampleProject& sample) {
    const auto manifest = std::find_if(sample.files.begin(), sample.files.end(), [](const auto& file) { return file.path == "plugin.toml"; });
    if (manifest == sample.files.end()) return {};
    constexpr std::string_view kKey = "\nname = \"";
    const auto begin = manifest->content.find(kKey) + kKey.size();
    return manifest->content.substr(begin, manifest->content.find('"', begin) - begin);
}

std::string title_for(std::string_view name) {
    std::string title = spelled(name, ' ');
    title.front() = static_cast<char>(title.front() - 32);
    return title;
}

}  // namespace

std::string offered_templates() {
    std::string text;
    for (const auto language : kLanguages) {
        std::string kinds;
        for (const auto kind : kKinds)
            if (find_sample(kind, language) != nullptr) kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", language, kinds);
    }
    return text;
}

Result<Project> make_project(const ProjectWish& wish) {
    QWEN_TRY(const auto choice, choose(wish));
    QWEN_CHECK(check_name(wish.name));
    const bool is_plain = std::all_of(wish.vendor.begin(), wish.vendor.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f && c != '"' && c != '\\'; });
    if (!is_plain || wish.vendor.size() > 200) {
        return Error{ErrorCode::usage, "--vendor takes a plain text: no quote, backslash or line break, at most 200 bytes", {}, std::nullopt};
    }
    const auto& sample = *choice.sample;
    std::vector<std::pair<std::string, std::string>> names{{std::string(sample.name), wish.name},
                                                           {upper_case(sample.name), upper_case(wish.name)},
                                                           {spelled(sample.name, '-'), spelled(wish.name, '-')},
                                                           {std::string(title_of(sample)), title_for(wish.name)}};
    if (!wish.vendor.empty()) names.emplace_back("vendor = \"Example\"", fmt::format("vendor = \"{}\"", wish.vendor));
    Project project{std::string(choice.language), std::string(choice.kind), {}};
    for (const auto& file : sample.files) project.files.push_back({replaced(file.path, names), replaced(file.content, names)});
    return project;
}

}  // namespace qwen::host
