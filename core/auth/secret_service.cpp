#include <dlfcn.h>
#include <libsecret/secret.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/auth/keyring.hpp"

namespace qwen::auth {
namespace {

/// The functions of libsecret and of the GLib behind it that are used. Never closed: GLib keeps threads.
struct Library {
    decltype(&secret_service_get_sync) get_service = nullptr;
    decltype(&secret_collection_for_alias_sync) get_collection = nullptr;
    decltype(&secret_collection_get_locked) is_locked = nullptr;
    decltype(&secret_password_lookupv_sync) lookup = nullptr;
    decltype(&secret_password_storev_sync) store = nullptr;
    decltype(&secret_password_clearv_sync) clear = nullptr;
    decltype(&secret_password_free) free_password = nullptr;
    decltype(&g_cancellable_new) new_cancellable = nullptr;
    decltype(&g_cancellable_cancel) cancel = nullptr;
    decltype(&g_cancellable_is_cancelled) is_cancelled = nullptr;
    decltype(&g_object_unref) unref = nullptr;
    decltype(&g_error_free) free_error = nullptr;
    decltype(&g_hash_table_new) new_table = nullptr;
    decltype(&g_hash_table_insert) insert = nullptr;
    decltype(&g_hash_table_unref) unref_table = nullptr;
    decltype(&g_str_hash) hash = nullptr;
    decltype(&g_str_equal) equal = nullptr;
    bool complete = false;

    Library() {
        void* const handle = ::dlopen("libsecret-1.so.0", RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) return;
        const auto look_up = [&](const char* name, auto& function) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
            return function != nullptr;
        };
        complete = look_up("secret_service_get_sync", get_service) && look_up("secret_collection_for_alias_sync", get_collection) &&
                   look_up("secret_collection_get_locked", is_locked) && look_up("secret_password_lookupv_sync", lookup) &&
                   look_up("secret_password_storev_sync", store) && look_up("secret_password_clearv_sync", clear) &&
                   look_up("secret_password_free", free_password) && look_up("g_cancellable_new", new_cancellable) &&
                   look_up("g_cancellable_cancel", cancel) && look_up("g_cancellable_is_cancelled", is_cancelled) && look_up("g_object_unref", unref) &&
                   look_up("g_error_free", free_error) && look_up("g_hash_table_new", new_table) && look_up("g_hash_table_insert", insert) &&
                   look_up("g_hash_table_unref", unref_table) && look_up("g_str_hash", hash) && look_up("g_str_equal", equal);
    }
};

const Library& library() {
    static const Library opened;
    return opened;
}

const SecretSchema& schema() {
    static const SecretSchema kSchema = [] {
        SecretSchema made{};
        made.name = "io.qwen.Credential";
        made.flags = SECRET_SCHEMA_NONE;
        made.attributes[0] = {"home", SECRET_SCHEMA_ATTRIBUTE_STRING};
        made.attributes[1] = {"provider", SECRET_SCHEMA_ATTRIBUTE_STRING};
        made.attributes[2] = {"account", SECRET_SCHEMA_ATTRIBUTE_STRING};
        made.attributes[3] = {"key", SECRET_SCHEMA_ATTRIBUTE_STRING};
        return made;
    }();
    return kSchema;
}

Error unusable(std::string reason) {
    return {ErrorCode::storage_failed, "the system keyring cannot be used: " + std::move(reason), "unlock it, or keep credentials in the file: --storage file", std::nullopt};
}

/// One call with an end: cancels it when the patience runs out, and keeps what went wrong.
class Attempt {
public:
    explicit Attempt(std::chrono::milliseconds patience) : cancellable_(library().new_cancellable()), watch_([this, patience] { watch(patience); }) {}
    ~Attempt() {
        {
            const std::lock_guard guard(mutex_);
            finished_ = true;
        }
        changed_.notify_one();
        watch_.join();
        if (error_ != nullptr) library().free_error(error_);
        library().unref(cancellable_);
    }
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    [[nodiscard]] GCancellable* cancellable() const { return cancellable_; }
    [[nodiscard]] GError** error() { return &error_; }
    [[nodiscard]] Result<void> result() const {
        if (error_ == nullptr) return {};
        if (library().is_cancelled(cancellable_) != FALSE) return unusable("it does not answer, or waits to be unlocked");
        return unusable(error_->message == nullptr ? "unknown error" : error_->message);
    }

private:
    void watch(std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, patience, [this] { return finished_; })) library().cancel(cancellable_);
    }

    GCancellable* cancellable_;
    GError* error_ = nullptr;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool finished_ = false;
    std::thread watch_;
};

class SecretServiceKeyring final : public Keyring {
public:
    explicit SecretServiceKeyring(SecretServiceSettings settings) : settings_(std::move(settings)) {}

    Result<void> check() override {
        QWEN_CHECK(check_present());
        Attempt attempt(settings_.patience);
        SecretService* const service = library().get_service(SECRET_SERVICE_OPEN_SESSION, attempt.cancellable(), attempt.error());
        if (service == nullptr) return reason(attempt, "there is no Secret Service");
        SecretCollection* const collection = library().get_collection(service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, attempt.cancellable(), attempt.error());
        library().unref(service);
        if (collection == nullptr) return reason(attempt, "it has no collection to store in");
        const bool locked = library().is_locked(collection) != FALSE;
        library().unref(collection);
        if (locked) return unusable("it is locked");
        return {};
    }

    Result<std::optional<Secret>> get(const KeyringItem& item) override {
        QWEN_CHECK(check_present());
        Attempt attempt(settings_.patience);
        const Attributes attributes(settings_.user_directory, item);
        gchar* const value = library().lookup(&schema(), attributes.table(), attempt.cancellable(), attempt.error());
        if (value != nullptr) {
            Secret secret{std::string_view(value)};
            library().free_password(value);
            return std::optional(std::move(secret));
        }
        QWEN_CHECK(attempt.result());
        // A locked collection answers like one that lacks the item.
        QWEN_CHECK(check());
        return std::optional<Secret>();
    }

    Result<void> put(const KeyringItem& item, const Secret& value) override {
        QWEN_CHECK(check_present());
        Attempt attempt(settings_.patience);
        const Attributes attributes(settings_.user_directory, item);
        const std::string label = "qwen: " + item.key + " of " + item.provider + " (" + item.account + ')';
        std::string text(value.reveal());
        const bool stored = library().store(&schema(), attributes.table(), SECRET_COLLECTION_DEFAULT, label.c_str(), text.c_str(), attempt.cancellable(), attempt.error()) != FALSE;
        wipe(text);
        if (stored) return {};
        return reason(attempt, "it did not take the secret");
    }

    Result<void> erase(const KeyringItem& item) override {
        QWEN_CHECK(check_present());
        Attempt attempt(settings_.patience);
        const Attributes attributes(settings_.user_directory, item);
        // FALSE without an error: there was nothing.
        const bool erased = library().clear(&schema(), attributes.table(), attempt.cancellable(), attempt.error()) != FALSE;
        QWEN_CHECK(attempt.result());
        if (!erased) return check();
        return {};
    }

private:
    /// Borrows the texts.
    class Attributes {
    public:
        Attributes(const std::string& home, const KeyringItem& item) : table_(library().new_table(library().hash, library().equal)) {
            put("home", home);
            put("provider", item.provider);
            put("account", item.account);
            put("key", item.key);
        }
        ~Attributes() { library().unref_table(table_); }
        Attributes(const Attributes&) = delete;
        Attributes& operator=(const Attributes&) = delete;
        [[nodiscard]] GHashTable* table() const { return table_; }

    private:
        void put(const char* name, const std::string& value) {
            library().insert(table_, const_cast<char*>(name), const_cast<char*>(value.c_str()));
        }
        GHashTable* table_;
    };

    [[nodiscard]] Result<void> check_present() const {
        if (!settings_.has_bus) return unusable("there is no session bus");
        if (!library().complete) return unusable("libsecret is not installed");
        return {};
    }

    [[nodiscard]] static Error reason(const Attempt& attempt, std::string otherwise) {
        const auto result = attempt.result();
        return result ? unusable(std::move(otherwise)) : result.error();
    }

    SecretServiceSettings settings_;
};

}  // namespace

std::unique_ptr<Keyring> secret_service_keyring(SecretServiceSettings settings) { return std::make_unique<SecretServiceKeyring>(std::move(settings)); }

}  // namespace qwen::auth
