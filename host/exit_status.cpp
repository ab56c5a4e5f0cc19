#include "host/exit_status.hpp"

namespace qwen::host {

int exit_status(ErrorClass error_class) {
    switch (error_class) {
        case ErrorClass::internal: return 1;
        case ErrorClass::usage: return 2;
        case ErrorClass::configuration: return 3;
        case ErrorClass::authentication: return 4;
        case ErrorClass::network: return 5;
        case ErrorClass::limit: return 6;
        case ErrorClass::policy: return 7;
        case ErrorClass::provider: return 8;
        case ErrorClass::cancelled: return 130;
    }
    return 1;
}

int exit_status(const Error& error) { return exit_status(error.error_class()); }

}  // namespace qwen::host
