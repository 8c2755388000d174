#include "api/cri/status.hpp"

namespace gantry::cri {
namespace {

grpc::StatusCode code_of(errc code) {
  switch (code) {
  case errc::not_found:
    return grpc::NOT_FOUND;
  case errc::already_exists:
    return grpc::ALREADY_EXISTS;
  case errc::invalid_argument:
    return grpc::INVALID_ARGUMENT;
  case errc::failed_precondition:
    return grpc::FAILED_PRECONDITION;
  case errc::exhausted:
    return grpc::RESOURCE_EXHAUSTED;
  case errc::unavailable:
    return grpc::UNAVAILABLE;
  case errc::denied:
    return grpc::PERMISSION_DENIED;
  case errc::corrupt:
    return grpc::DATA_LOSS;
  case errc::timeout:
    return grpc::DEADLINE_EXCEEDED;
  case errc::cancelled:
    return grpc::CANCELLED;
  case errc::internal:
    break;
  }
  return grpc::INTERNAL;
}

} // namespace

grpc::Status status_of(const error& why) { return {code_of(why.code), why.message}; }

} // namespace gantry::cri
