#include "host/conversation/conversation.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/utf8.hpp"
#include "core/chat/model_list.hpp"
#include "core/system/file.hpp"
#include "host/commands/auth.hpp"
#include "host/commands/config_explain.hpp"
#include "host/conversation/conversation_signals.hpp"
#include "host/conversation/conversation_store.hpp"
#include "host/conversation/line_editor.hpp"
#include "host/conversation/provider_connection.hpp"
#include "host/conversation/sign_in_dialogue.hpp"
#include "host/conversation/slash_command.hpp"
#include "host/exit_status.hpp"
#include "host/redaction.hpp"
#include "host/terminal/answer_writer.hpp"
#include "host/terminal/console_interaction.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/line_input.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/progress_line.hpp"

namespace qwen::host {
namespace {

/// Shows the answer as it comes and keeps it for the next question.
class KeptAnswer final : public chat::AnswerSink {
public:
    KeptAnswer(AnswerForm form, ProgressLine& progress) : writer_(STDOUT_FILENO, form), progress_(progress) {}

    bool delta(std::string_view text) override {
        if (text_.empty()) progress_.stop();
        text_ += text;
        return writer_.delta(text);
    }
    void flush() override { writer_.flush(); }
    void finish() { writer_.finish(); }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    AnswerWriter writer_;
    ProgressLine& progress_;
    std::string text_;
};

class Conversation {
public:
    Conversation(const CommandRun& run, CancellationSource& cancellation)
        : run_(run), signals_(cancellation), context_{{}, &cancellation}, turn_run_{run.around, run.options, run.plugins, run.host, run.speech, context_},
          interaction_({}, run.around.terminal, run.around.environment, run.around.clock),
          editor_(LineEditor::open(run.around.terminal, history_file())),
          store_(ConversationStore::begin(conversation_directory(), run.around.clock, run.around.random)) {}

    int run() {
        if (run_.options.continues || !run_.options.conversation.empty()) {
            auto resumed = ConversationStore::resume(run_.around.user_directory / "conversations", run_.options.conversation, run_.around.clock);
            if (!resumed) return say_error(run_.speech, resumed.error());
            messages_ = resumed->earlier();
            if (!keeps_nothing()) store_ = std::move(*resumed);
        }
        auto opened = ProviderConnection::open(turn_run_, {}, interaction_);
        if (opened && !has_credential(**opened)) opened = Error{ErrorCode::not_authenticated, "not signed in to " + (*opened)->name(), "qwen auth login", std::nullopt};
        if (!opened && opened.error().code == ErrorCode::not_authenticated) opened = first_sign_in();
        if (!opened && opened.error().code == ErrorCode::cancelled) {
            write_to_stderr("Cancelled. Nothing was changed.\n");
            return exit_status(opened.error());
        }
        if (!opened) return say_error(run_.speech, opened.error());
        connection_ = std::move(*opened);
        write_to_stderr(fmt::format("qwen: {} answers with {}. /help for help, Ctrl-D to leave.\n", sanitized_line(connection_->name()),
                                    sanitized_line(connection_->target().model)));
        if (!messages_.empty()) write_to_stderr(fmt::format("Continued: {} messages.\n", messages_.size()));
        while (take_turn()) {
        }
        if (!conversation_directory().empty() && !messages_.empty()) write_to_stderr(fmt::format("qwen -c goes on from here (qwen --session {}).\n", store_.id()));
        return kExitOk;
    }

private:
    [[nodiscard]] bool keeps_nothing() const { return run_.options.no_store || run_.options.no_history; }

    [[nodiscard]] std::filesystem::path conversation_directory() const {
        if (keeps_nothing() || run_.around.user_directory.empty()) return {};
        return run_.around.user_directory / "conversations";
    }

    [[nodiscard]] std::filesystem::path history_file() const {
        const auto& directory = run_.around.user_directory;
        if (keeps_nothing() || directory.empty() || !system::make_private_directory(directory)) return {};
        return directory / "history";
    }

    [[nodiscard]] std::string prompt_text() const {
        const auto text = fmt::format("{}/{}> ", sanitized_line(connection_->label(), 24), sanitized_line(connection_->target().model, 32));
        return run_.around.terminal.is_utf8 ? text : in_ascii(text);
    }

    void say(const Error& error) const {
        write_to_stderr(error_text(connection_ ? redacted(error, connection_->settings()) : error, run_.speech.color_on_stderr));
    }

    /// False: the person left.
    bool take_turn() {
        signals_.begin_turn();
        auto input = editor_->read(prompt_text(), context_);
        input.text = repair_utf8(input.text);  // a terminal in another character set gives other bytes
        if (input.outcome == LineEditor::Outcome::ended) return false;
        if (input.outcome == LineEditor::Outcome::interrupted) {
            write_to_stderr("(Ctrl-D or /quit leaves)\n");
            return true;
        }
        if (input.text.find_first_not_of(" \t\n") == std::string::npos) return true;
        editor_->remember(remembered_form(input.text));
        signals_.begin_turn();
        if (is_slash_line(input.text)) return obey(input.text);
        ask(input.text);
        return true;
    }

    void ask(const std::string& question) {
        messages_.push_back({chat::Message::Role::user, question});
        std::optional<UnseenTyping> unseen;
        if (editor_->shows_what_was_typed()) unseen.emplace(STDIN_FILENO);
        ProgressLine progress(fmt::format("waiting for {}", connection_->target().base_url.origin().host), run_.around.terminal, run_.options.plain);
        KeptAnswer answer(answer_form(run_.around.terminal, run_.options.raw ? RawAnswer::yes : RawAnswer::no, run_.options.color, run_.around.environment), progress);
        auto done = chat::ChatClient(connection_->pipeline(), connection_->target()).stream(sent(), answer, context_);
        progress.stop();
        answer.finish();
        if (done || !answer.text().empty()) {
            messages_.push_back({chat::Message::Role::assistant, answer.text()});
            keep_last_turn();
        } else {
            // A question without any answer is not part of the conversation: it can be asked again.
            messages_.pop_back();
        }
        if (done) return;
        if (done.error().code == ErrorCode::cancelled) write_to_stderr(answer.text().empty() ? "(stopped)\n" : "(stopped; what was said is kept)\n");
        else say(done.error());
    }

    /// Said once: a full disk would say it at every turn.
    void keep_last_turn() {
        for (std::size_t i = messages_.size() - 2; i < messages_.size(); ++i) {
            const auto kept = store_.append(messages_[i]);
            if (kept || std::exchange(said_not_kept_, true)) continue;
            write_to_stderr(notice_text("the conversation is not kept: " + kept.error().message));
        }
    }

    [[nodiscard]] std::vector<chat::Message> sent() const {
        std::vector<chat::Message> all;
        if (!run_.options.system_prompt.empty()) all.push_back({chat::Message::Role::system, run_.options.system_prompt});
        all.insert(all.end(), messages_.begin(), messages_.end());
        return all;
    }

    bool obey(const std::string& line) {
        const auto command = parse_slash_line(line);
        if (!command) {
            say(command.error());
            return true;
        }
        switch (command->command) {
            case SlashCommand::auth: change_provider(command->operand); break;
            case SlashCommand::model: change_model(command->operand); break;
            case SlashCommand::status: show_status(); break;
            case SlashCommand::config: show_config(command->operand); break;
            case SlashCommand::clear:
                messages_.clear();
                if (const auto cleared = store_.clear(); !cleared) say(cleared.error());
                write_to_stderr("The conversation is forgotten.\n");
                break;
            case SlashCommand::help: write_to_stderr(slash_help(columns_now(STDERR_FILENO))); break;
            case SlashCommand::quit: return false;
        }
        return true;
    }

    void change_provider(const std::string& name) {
        const auto picked = name.empty() ? pick_account() : Result<std::optional<ProviderWish>>(std::optional(wish_for(name)));
        if (!picked) return say_unless_cancelled(picked.error());
        if (!*picked) return;
        auto opened = ProviderConnection::open(turn_run_, **picked, interaction_);
        if (!opened || !has_credential(**opened)) {
            const auto signed_in = SignInDialogue(turn_run_).run_for((*picked)->provider);
            if (!signed_in) return say_unless_cancelled(signed_in.error());
            if (!*signed_in) return;
            opened = ProviderConnection::open(turn_run_, wish_for(**signed_in), interaction_);
        }
        if (!opened) return say(opened.error());
        connection_ = std::move(*opened);
        write_to_stderr(fmt::format("Now {} with {}. Conversation kept: {} messages.\n", sanitized_line(connection_->label()),
                                    sanitized_line(connection_->target().model), messages_.size()));
        keep_as_current();
    }

    [[nodiscard]] static ProviderWish wish_for(const Account& account) { return {.provider = account.provider, .account = account.name}; }
    /// An account, or else a provider, that was typed.
    [[nodiscard]] ProviderWish wish_for(const std::string& name) const {
        const auto account = find_account(known_accounts(), name, {});
        return account ? wish_for(*account) : ProviderWish{.provider = name, .account_use = AccountUse::stored_default};
    }
    [[nodiscard]] std::vector<Account> known_accounts() const { return stored_accounts(store_place(run_, connection_->configuration())); }

    /// The next start uses it as well, unless something outside decides.
    void keep_as_current() const {
        const auto accounts = known_accounts();
        if (connection_->uses_stored_credential() && std::find(accounts.begin(), accounts.end(), connection_->account()) != accounts.end()) {
            const auto kept = set_current_account(store_place(run_, connection_->configuration()), connection_->account());
            if (!kept) say(kept.error());
        }
        const auto next = choose(run_, {});
        if (!next || !next->provider) return;
        const Account then{next->provider->name(), next->account};
        if (then == connection_->account() && next->uses_stored_credential == connection_->uses_stored_credential()) return;
        write_to_stderr(notice_text(fmt::format("the next start uses {} again, because of {}", next->uses_stored_credential ? then.label() : then.provider, who_decided(*next))));
    }

    void say_unless_cancelled(const Error& error) const {
        if (error.code == ErrorCode::cancelled) write_to_stderr("Nothing was changed.\n");
        else say(error);
    }

    [[nodiscard]] bool has_credential(ProviderConnection& connection) const {
        const auto state = connection.session().provider().state(context_);
        return state && state->kind != auth::ProviderState::Kind::login_needed;
    }

    /// The accounts there are, whoever answers now, and the way to another one. nullopt: as before.
    Result<std::optional<ProviderWish>> pick_account() {
        const auto accounts = known_accounts();
        ChoiceQuestion question{"Who is to answer?", {}};
        std::vector<ProviderWish> wishes;
        const auto add = [&](const std::string& label, const std::string& detail, ProviderWish wish) {
            question.choices.push_back({label, detail});
            wishes.push_back(std::move(wish));
        };
        if (!connection_->uses_stored_credential() || std::find(accounts.begin(), accounts.end(), connection_->account()) == accounts.end())
            add(connection_->name(), "answers now, because of " + connection_->because(), {.provider = connection_->name(), .account_use = AccountUse::stored_default});
        for (const auto& account : accounts) {
            const bool is_now = connection_->uses_stored_credential() && account == connection_->account();
            if (is_now) question.initial = question.choices.size();
            add(account.label(), is_now ? "answers now" : account.is_default() ? "signed in" : account.provider, wish_for(account));
        }
        question.choices.push_back({"+ add an account", "sign in, or enter a key"});
        while (true) {
            QWEN_TRY(const auto picked, ask_choice(question, run_.around.terminal, context_));
            if (!picked) return std::optional<ProviderWish>();
            if (*picked < wishes.size()) return std::optional(wishes[*picked]);
            QWEN_TRY(const auto added, SignInDialogue(turn_run_).run_from_list("What is to be added?"));
            if (added) return std::optional(wish_for(*added));
            question.initial = *picked;
        }
    }

    Result<std::unique_ptr<ProviderConnection>> first_sign_in() {
        write_to_stderr("qwen: nobody is signed in yet. Nothing has been sent anywhere.\n");
        QWEN_TRY(const auto signed_in, SignInDialogue(turn_run_).run_from_list("How do you want to sign in?"));
        if (!signed_in) return cancelled_error();
        return ProviderConnection::open(turn_run_, wish_for(*signed_in), interaction_);
    }

    void change_model(const std::string& name) {
        if (!name.empty()) {
            connection_->use_model(name);
            return;
        }
        const auto models = connection_->session().list_models(context_);
        if (!models) return say(models.error());
        const auto picked = ask_model_of(*models, connection_->target().model, run_.around.terminal, context_);
        if (picked && *picked) connection_->use_model(**picked);
    }

    void show_config(const std::string& key) {
        const auto& configuration = connection_->configuration();
        std::vector<config::Notice> notices;
        if (key.empty()) notices = explain_notices(configuration, connection_->name(), connection_->because());
        notices.push_back({"this conversation asks the model " + connection_->target().model, {}});
        const auto text = explain_text(configuration.resolution, key, notices);
        if (!text) return say(text.error());
        write_to_stderr(*text);
    }

    void show_status() {
        const auto state = connection_->session().provider().state(context_);
        write_to_stderr(fmt::format("  provider   {} (because of {})\n  model      {}\n  server     {}\n  messages   {}\n", sanitized_line(connection_->name()),
                                    sanitized_line(connection_->because()), sanitized_line(connection_->target().model),
                                    sanitized_line(state && !state->base_url.empty() ? state->base_url : connection_->target().base_url.to_string()), messages_.size()));
        const auto quota = connection_->session().quota_use(context_);
        if (!quota) return;
        for (const auto& use : *quota) write_to_stderr(fmt::format("  limit      {} of {} in {} s used\n", use.used, use.limit.requests, use.limit.period_seconds));
    }

    const CommandRun& run_;
    ConversationSignals signals_;
    Context context_;
    CommandRun turn_run_;
    ConsoleInteraction interaction_;
    std::unique_ptr<LineEditor> editor_;
    std::unique_ptr<ProviderConnection> connection_;
    std::vector<chat::Message> messages_;
    ConversationStore store_;
    bool said_not_kept_ = false;
};

}  // namespace

bool is_conversation(const Options& options, const TerminalFacts& terminal) {
    return options.command == Command::prompt && !options.prompt && options.output == OutputFormat::text && terminal.stdin_is_terminal &&
           terminal.stdout_is_terminal;
}

int run_conversation(const CommandRun& run) {
    CancellationSource cancellation;
    return Conversation(run, cancellation).run();
}

}  // namespace qwen::host
