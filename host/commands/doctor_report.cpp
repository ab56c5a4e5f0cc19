#include "host/commands/doctor_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "host/commands/json_output.hpp"
#include "host/exit_status.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

std::string_view name_of(FindingVerdict verdict) {
    switch (verdict) {
        case FindingVerdict::ok: return "ok";
        case FindingVerdict::warning: return "warning";
        case FindingVerdict::skipped: return "skipped";
        case FindingVerdict::refused: return "refused";
        case FindingVerdict::expired: return "expired";
        case FindingVerdict::unreachable: return "unreachable";
        case FindingVerdict::blocked: return "blocked";
    }
    return {};
}

bool is_problem(const Finding& finding) { return finding.verdict > FindingVerdict::skipped; }

FindingVerdict finding_verdict(const Error& error) {
    if (error.code == ErrorCode::credential_expired || error.code == ErrorCode::login_expired) return FindingVerdict::expired;
    switch (error.error_class()) {
        case ErrorClass::policy: return FindingVerdict::blocked;
        case ErrorClass::network:
        case ErrorClass::provider: return FindingVerdict::unreachable;
        default: return FindingVerdict::refused;
    }
}

std::size_t severity(ErrorClass problem) {
    constexpr std::array kWorstFirst{ErrorClass::policy, ErrorClass::configuration, ErrorClass::authentication, ErrorClass::network,
                                     ErrorClass::limit,  ErrorClass::provider};
    return static_cast<std::size_t>(std::find(kWorstFirst.begin(), kWorstFirst.end(), problem) - kWorstFirst.begin());
}

}  // namespace

Finding finding_of(std::string subject, const Error& error) {
    auto summary = error.message;
    if (error.where) summary += " (" + error.where->to_string() + ')';
    return {std::move(subject), finding_verdict(error), std::move(summary), error.hint, error.error_class()};
}

int worst_exit_status(const std::vector<Finding>& findings) {
    const Finding* worst = nullptr;
    for (const auto& finding : findings)
        if (is_problem(finding) && (worst == nullptr || severity(finding.problem) < severity(worst->problem))) worst = &finding;
    return worst == nullptr ? kExitOk : exit_status(worst->problem);
}

std::string findings_text(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& finding : findings) {
        text += fmt::format("{:<12} {:<13} {}\n", name_of(finding.verdict), finding.subject, sanitized_line(finding.summary, 400));
        if (!finding.remedy.empty()) text += fmt::format("{:26} try: {}\n", "", sanitized_line(finding.remedy, 400));
    }
    const auto problems = std::count_if(findings.begin(), findings.end(), is_problem);
    const auto warnings = std::count_if(findings.begin(), findings.end(), [](const auto& own) { return own.verdict == FindingVerdict::warning; });
    return text + fmt::format("{} problem{}, {} warning{}\n", problems, problems == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

nlohmann::ordered_json findings_json(const std::vector<Finding>& findings) {
    auto json = json_success();
    const int status = worst_exit_status(findings);
    json["ok"] = status == kExitOk;
    json["exit_code"] = status;
    json["findings"] = nlohmann::ordered_json::array();
    for (const auto& finding : findings) {
        nlohmann::ordered_json row{{"subject", finding.subject}, {"verdict", name_of(finding.verdict)}, {"summary", finding.summary}};
        if (!finding.remedy.empty()) row["remedy"] = finding.remedy;
        json["findings"].push_back(std::move(row));
    }
    return json;
}

}  // namespace qwen::host
