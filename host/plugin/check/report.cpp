#include "host/plugin/check/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace qwen::host::plugin::check {
namespace {

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed:
            return "ok";
        case Verdict::failed:
            return "FAILED";
        case Verdict::skipped:
            return "skipped";
        default:
            return "undecided";
    }
}

long count(const std::vector<CheckOutcome>& outcomes, Verdict verdict) {
    return std::count_if(outcomes.begin(), outcomes.end(), [&](const CheckOutcome& outcome) { return outcome.verdict == verdict; });
}

}  // namespace

bool has_failed(const std::vector<CheckOutcome>& outcomes) {
    return std::any_of(outcomes.begin(), outcomes.end(), [](const CheckOutcome& outcome) {
        return outcome.verdict == Verdict::failed || outcome.verdict == Verdict::undecided;
    });
}

std::string report_text(const std::string& path, const std::vector<CheckOutcome>& outcomes, std::uint64_t seed, bool with_trace) {
    std::string text = path + '\n';
    for (const auto& outcome : outcomes) {
        text += fmt::format("{:<9}  {}  {}\n", name_of(outcome.verdict), outcome.rule->id, outcome.rule->title);
        if (!outcome.text.empty()) text += fmt::format("                  {}\n", outcome.text);
        if (outcome.verdict == Verdict::failed)
            text += fmt::format("                  try: {}\n                  again: qwen plugin check {} --reproduce {}:{}\n",
                                outcome.rule->fix, path, outcome.rule->id, seed);
        if (!with_trace) continue;
        for (const auto& line : outcome.trace) text += fmt::format("                  | {}\n", line);
    }
    text += fmt::format("{} rules: {} ok, {} failed, {} undecided, {} not about this plugin (seed {})\n", outcomes.size(),
                        count(outcomes, Verdict::passed), count(outcomes, Verdict::failed), count(outcomes, Verdict::undecided),
                        count(outcomes, Verdict::skipped), seed);
    return text;
}

std::string report_json(const std::string& path, const std::vector<CheckOutcome>& outcomes, std::uint64_t seed) {
    nlohmann::ordered_json json;
    json["ok"] = !has_failed(outcomes);
    json["file"] = path;
    json["seed"] = seed;
    json["rules"] = nlohmann::ordered_json::array();
    for (const auto& outcome : outcomes) {
        nlohmann::ordered_json row{{"id", outcome.rule->id},
                                   {"title", outcome.rule->title},
                                   {"verdict", outcome.verdict == Verdict::failed ? "failed" : name_of(outcome.verdict)}};
        if (!outcome.text.empty()) row["text"] = outcome.text;
        if (outcome.verdict == Verdict::failed) {
            row["fix"] = outcome.rule->fix;
            row["trace"] = outcome.trace;
        }
        json["rules"].push_back(std::move(row));
    }
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

std::string rules_page() {
    std::string page =
        "A provider keeps these rules; `qwen plugin check FILE.so` finds the broken ones, in a file of any language. Each check is a "
        "process of its own: a plugin that crashes or hangs costs one\n"
        "finding. Numbers are never used again.\n\n"
        "```\nqwen plugin check acme.so                       every rule; exit status 0: all are kept\n"
        "qwen plugin check acme.so --only QP016          one rule\n"
        "qwen plugin check acme.so --seed 7              other random settings, stored values and answers\n"
        "qwen plugin check acme.so --reproduce QP026:7   one finding again, with the last calls before it\n"
        "qwen plugin check acme.so --json                for programs\n```\n\n"
        "`undecided`: something else has to be corrected first. `skipped`: the rule is about something the plugin does not have.\n\n"
        "| rule | | why | how |\n|---|---|---|---|\n";
    for (const Rule& rule : rules()) page += fmt::format("| {} | {} | {} | {} |\n", rule.id, rule.title, rule.why, rule.fix);
    return page;
}

}  // namespace qwen::host::plugin::check
