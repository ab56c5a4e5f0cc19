#include "host/commands/plugin_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/commands/json_output.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

using Json = nlohmann::ordered_json;

std::string_view type_name(config::ValueType type) {
    switch (type) {
        case config::ValueType::text: return "text";
        case config::ValueType::secret: return "secret";
        case config::ValueType::url: return "url";
        case config::ValueType::boolean: return "boolean";
        case config::ValueType::integer: return "integer";
        case config::ValueType::duration: return "duration";
        case config::ValueType::path: return "path";
        case config::ValueType::text_list: return "text_list";
        case config::ValueType::command: return "command";
    }
    return "text";
}

std::string joined(const std::vector<std::string>& texts, std::string_view none) {
    return texts.empty() ? std::string(none) : fmt::format("{}", fmt::join(texts, ", "));
}

std::string permissions(const system::FileFacts& facts) { return fmt::format("{:04o}", facts.mode & 07777u); }

/// Everything here comes from a file of somebody else.
std::string line(std::string_view name, std::string_view value) { return fmt::format("  {:<13} {}\n", name, sanitized_line(value, 600)); }

std::string setting_line(const config::Setting& setting) {
    std::string text = fmt::format("{} ({}", setting.key, type_name(setting.type));
    if (setting.has_default && !setting.is_secret()) text += ", default " + setting.default_value;
    text += ')';
    if (!setting.flag.empty()) text += ' ' + setting.flag;
    for (const auto& variable : setting.variables) text += ' ' + variable;
    return text;
}

Json settings_json(const plugin::Manifest& manifest) {
    Json list = Json::array();
    for (const auto& setting : manifest.settings) {
        Json row{{"key", setting.key}, {"type", type_name(setting.type)}, {"secret", setting.is_secret()}, {"flag", setting.flag}, {"variables", setting.variables},
                 {"help", setting.help}};
        if (setting.has_default && !setting.is_secret()) row["default"] = setting.default_value;
        list.push_back(std::move(row));
    }
    return list;
}

Json methods_json(const plugin::Manifest& manifest) {
    Json list = Json::array();
    for (const auto& method : manifest.methods) list.push_back({{"id", method.id}, {"kind", method.kind}, {"name", method.name}});
    return list;
}

Json limits_json(const plugin::Manifest& manifest) {
    Json list = Json::array();
    for (const auto& limit : manifest.limits) list.push_back({{"requests", limit.requests}, {"period_seconds", limit.period_seconds}});
    return list;
}

void add_facts(Json& json, const plugin::VerifiedPlugin& facts) {
    const auto& manifest = facts.manifest;
    json["name"] = manifest.name;
    json["version"] = manifest.version;
    json["vendor"] = manifest.vendor;
    json["license"] = manifest.license;
    json["url"] = manifest.url;
    json["abi"] = {{"min", manifest.abi_min.to_string()}, {"built", manifest.abi_built.to_string()}};
    json["requires"] = manifest.required_services;
    json["wants"] = manifest.wanted_services;
    json["origins"] = manifest.origins;
    json["methods"] = methods_json(manifest);
    json["settings"] = settings_json(manifest);
    json["limits"] = limits_json(manifest);
    json["sha256"] = facts.sha256;
    json["size"] = facts.facts.size;
    json["owner"] = facts.facts.owner;
    json["mode"] = permissions(facts.facts);
    json["device"] = facts.facts.device;
    json["inode"] = facts.facts.inode;
    json["build_id"] = facts.elf.build_id;
    json["needed"] = facts.elf.needed;
    json["version_needs"] = facts.elf.version_needs;
    json["exported"] = facts.elf.exported;
    json["run_path"] = facts.elf.run_path;
    json["constructors"] = facts.elf.constructors;
    json["bundled_build"] = facts.is_bundled_build;
}

std::string facts_text(const plugin::VerifiedPlugin& facts) {
    const auto& manifest = facts.manifest;
    std::string text = line("name", fmt::format("{} {}", manifest.name, manifest.version));
    text += line("vendor", manifest.vendor.empty() ? "-" : manifest.vendor);
    text += line("interface", fmt::format("built for {}, needs {}", manifest.abi_built.to_string(), manifest.abi_min.to_string()));
    text += line("services", joined(manifest.required_services, "none required"));
    text += line("origins", joined(manifest.origins, "none but those you configure"));
    for (const auto& method : manifest.methods) text += line("sign-in", fmt::format("{} ({})", method.id, method.kind));
    for (const auto& setting : manifest.settings) text += line("setting", setting_line(setting));
    for (const auto& limit : manifest.limits) text += line("limit", fmt::format("{} requests in {} s", limit.requests, limit.period_seconds));
    text += line("sha256", facts.sha256);
    text += line("file", fmt::format("{} bytes, owner {}, mode {}", facts.facts.size, facts.facts.owner, permissions(facts.facts)));
    text += line("libraries", joined(facts.elf.needed, "none"));
    if (!facts.elf.run_path.empty()) text += line("run path", facts.elf.run_path);
    return text;
}

}  // namespace

std::string_view place_name(plugin::PluginPlace place) { return place == plugin::PluginPlace::bundled ? "bundled" : "user"; }

std::string_view isolation_name(plugin::Isolation isolation) {
    return isolation == plugin::Isolation::in_process ? "in-process" : "isolated child";
}

std::string deciding_rule(const plugin::VerifiedPlugin& plugin) {
    if (!plugin.rule.empty()) return plugin.rule;
    if (plugin.is_bundled_build) return "default: built together with this program";
    return "default: no rule is against it; not built with this program, so it runs in a process of its own";
}

std::string isolation_text(const Result<plugin::IsolationReport>& applied) {
    if (!applied) return fmt::format("isolated child: not available here: {}\n", sanitized_line(applied.error().message, 300));
    std::string text = "isolated child: own process";
    std::string missing;
    const auto note = [&](bool is_there, std::string_view measure) { (is_there ? text : missing) += fmt::format(", {}", measure); };
    note(applied->own_session, "own session");
    note(applied->dies_with_parent, "dies with the program");
    note(applied->no_new_privileges, "no new privileges");
    note(applied->not_dumpable, "not dumpable");
    note(applied->limits, "resource limits");
    note(applied->seccomp, "seccomp");
    if (applied->landlock_abi > 0) text += fmt::format(", Landlock {}", applied->landlock_abi);
    else note(false, "Landlock, which this kernel has not");
    text += '\n';
    return missing.empty() ? text : text + fmt::format("without: {}\n", missing.substr(2));
}

Json isolation_json(const Result<plugin::IsolationReport>& applied) {
    if (!applied) return {{"available", false}, {"error", json_error(applied.error())}};
    return {{"available", true},
            {"complete", applied->is_complete()},
            {"own_session", applied->own_session},
            {"dies_with_parent", applied->dies_with_parent},
            {"no_new_privileges", applied->no_new_privileges},
            {"not_dumpable", applied->not_dumpable},
            {"limits", applied->limits},
            {"seccomp", applied->seccomp},
            {"landlock_abi", applied->landlock_abi}};
}

std::string plugin_text(const PluginReport& report) {
    std::string text = fmt::format("{}  {}\n", report.file.id, sanitized_line(report.file.path.native(), 600));
    if (report.facts != nullptr) text += facts_text(*report.facts);
    if (report.refusal == nullptr) {
        text += line("runs", isolation_name(report.facts->isolation));
        if (!report.facts->signer.empty()) text += line("signed by", report.facts->signer);
        return text + line("decision", "used: " + deciding_rule(*report.facts));
    }
    text += line("decision", fmt::format("{}: {}", report.refusal->code == ErrorCode::denied_by_policy ? "denied" : "refused", report.refusal->message));
    if (report.refusal->code == ErrorCode::denied_by_policy && report.refusal->where) text += line("rule", report.refusal->where->to_string());
    if (!report.refusal->hint.empty()) text += line("try", report.refusal->hint);
    return text;
}

Json plugin_json(const PluginReport& report) {
    Json json{{"id", report.file.id}, {"path", report.file.path.native()}, {"place", place_name(report.file.place)}};
    if (report.facts != nullptr) add_facts(json, *report.facts);
    if (report.refusal == nullptr) {
        json["isolation"] = isolation_name(report.facts->isolation);
        json["signed_by"] = report.facts->signer.empty() ? Json() : Json(report.facts->signer);
        json["decision"] = {{"usable", true}, {"rule", deciding_rule(*report.facts)}};
    } else {
        json["isolation"] = nullptr;
        json["decision"] = {{"usable", false}, {"error", json_error(*report.refusal)}};
    }
    return json;
}

}  // namespace qwen::host
