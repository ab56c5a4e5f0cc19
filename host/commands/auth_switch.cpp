#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/commands/auth.hpp"
#include "host/commands/json_output.hpp"
#include "host/stored_accounts.hpp"
#include "host/terminal/choice_list.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"

namespace qwen::host {
namespace {

Result<Account> ask_which(const CommandRun& run, const std::vector<Account>& accounts) {
    std::string names;
    ChoiceQuestion question{"Which account is to be the default?", {}};
    for (const auto& account : accounts) {
        names += fmt::format("{}{}/{}", names.empty() ? "" : ", ", account.provider, account.name);
        question.choices.push_back({account.label(), account.is_default() ? "" : account.provider});
    }
    if (!run.around.terminal.can_ask()) return Error{ErrorCode::usage, "which account? " + names, "qwen auth switch " + accounts.front().label(), std::nullopt};
    QWEN_TRY(const auto picked, ask_choice(question, run.around.terminal, run.context));
    if (!picked) return cancelled_error();
    return accounts[*picked];
}

Result<int> switch_account(const CommandRun& run) {
    // What a flag or variable chooses for this call has no say in what is written.
    QWEN_TRY(const auto now, choose(run, {.account_use = AccountUse::stored_default}));
    say_notices(now.configuration);
    const auto place = store_place(run, now.configuration);
    const auto accounts = stored_accounts(place);
    if (accounts.empty()) return Error{ErrorCode::not_authenticated, "nothing is stored, so there is nothing to switch to", "qwen auth login", std::nullopt};
    QWEN_TRY(const auto account, run.options.operands.empty() ? ask_which(run, accounts) : find_account(accounts, run.options.operands.front(), {}));
    QWEN_CHECK(set_current_account(place, account));
    if (run.speech.output == OutputFormat::text)
        write_to_stderr(fmt::format("Default account is now {}{}.\n", account.label(), account.is_default() ? "" : fmt::format(" ({})", account.provider)));
    say_who_answers(run, account);
    auto json = json_success();
    json.update({{"provider", account.provider}, {"account", account.name}});
    return say(run.speech, "", json);
}

}  // namespace

void say_who_answers(const CommandRun& run, const Account& account) {
    const auto now = choose(run, {});
    if (!now || !now->provider || (now->provider->name() == account.provider && now->account == account.name && now->uses_stored_credential)) return;
    write_to_stderr(notice_text(fmt::format("prompts still go to {}, because of {}; for this account: --account {}", now->provider->name(), who_decided(*now),
                                            account.is_default() ? account.provider : account.name)));
}

int run_auth_switch(const CommandRun& run) {
    const auto status = switch_account(run);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
