#include "host/commands/doctor_report.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace qwen;
using namespace qwen::host;

namespace {

Finding problem(ErrorCode code) { return finding_of("x", Error{code, "what happened", "what helps", FileLocation{"/etc/f", 3, 1}}); }

}  // namespace

TEST_SUITE("host/commands/doctor_report") {

TEST_CASE("each error has the verdict that says whose turn it is") {
    struct Row {
        ErrorCode code;
        FindingVerdict verdict;
    };
    for (const Row& row : {Row{ErrorCode::denied_by_policy, FindingVerdict::blocked}, Row{ErrorCode::policy_invalid, FindingVerdict::blocked},
                           Row{ErrorCode::credential_expired, FindingVerdict::expired}, Row{ErrorCode::credential_rejected, FindingVerdict::refused},
                           Row{ErrorCode::origin_refused, FindingVerdict::refused}, Row{ErrorCode::dns_failed, FindingVerdict::unreachable},
                           Row{ErrorCode::tls_failed, FindingVerdict::unreachable}, Row{ErrorCode::provider_error, FindingVerdict::unreachable}})
        CHECK(problem(row.code).verdict == row.verdict);
    CHECK(problem(ErrorCode::tls_failed).summary == "what happened (/etc/f:3:1)");
}

TEST_CASE("the exit status is that of the worst problem, and warnings are none") {
    const Finding ok{"a", FindingVerdict::ok, "fine", {}};
    const Finding warning{"b", FindingVerdict::warning, "untidy", "tidy up"};
    const Finding skipped{"c", FindingVerdict::skipped, "not asked", {}};
    CHECK(worst_exit_status({}) == 0);
    CHECK(worst_exit_status({ok, warning, skipped}) == 0);
    CHECK(worst_exit_status({ok, problem(ErrorCode::dns_failed), warning}) == 5);
    CHECK(worst_exit_status({problem(ErrorCode::dns_failed), problem(ErrorCode::credential_rejected)}) == 4);
    CHECK(worst_exit_status({problem(ErrorCode::credential_rejected), problem(ErrorCode::config_invalid), problem(ErrorCode::dns_failed)}) == 3);
    CHECK(worst_exit_status({problem(ErrorCode::config_invalid), problem(ErrorCode::denied_by_policy)}) == 7);
}

TEST_CASE("text and JSON hold the same rows, and no escape reaches the terminal") {
    const std::vector<Finding> findings{{"policy", FindingVerdict::ok, "there is none", {}}, {"server", FindingVerdict::unreachable, "\x1b[2J", "try again", ErrorClass::network}};
    const auto text = findings_text(findings);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("try: try again") != std::string::npos);
    CHECK(text.ends_with("1 problem, 0 warnings\n"));
    const auto json = findings_json(findings);
    CHECK(json["ok"] == false);
    CHECK(json["exit_code"] == 5);
    REQUIRE(json["findings"].size() == 2);
    CHECK(json["findings"][1]["verdict"] == "unreachable");
    CHECK(json["findings"][0].contains("remedy") == false);
}

}
