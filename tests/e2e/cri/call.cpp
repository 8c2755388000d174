// gantry-cri-call SOCKET CALL [JSON]: one call of the CRI, as any client makes it. The request is read from JSON,
// answers are written as JSON, one a line. A refusal is said on stderr as "CODE: message", exit status 1; before that,
// that a stream has begun. Ends a stream after $GANTRY_CRI_MESSAGES messages, each call after $GANTRY_CRI_SECONDS.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>

#include <google/protobuf/util/json_util.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include "api/cri/cri.pb.h"

namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

const MethodDescriptor* find_method(const std::string& name) {
  (void)runtime::v1::VersionRequest::descriptor(); // the file is in the pool
  for (const char* service : {"runtime.v1.RuntimeService", "runtime.v1.ImageService"}) {
    const auto* found = DescriptorPool::generated_pool()->FindServiceByName(service);
    if (const auto* method = found->FindMethodByName(name)) return method;
  }
  return nullptr;
}

std::unique_ptr<Message> new_message(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

int number_of(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

grpc::ByteBuffer bytes_of(const Message& from) {
  grpc::Slice slice(from.SerializeAsString());
  return {&slice, 1};
}

bool print(const grpc::ByteBuffer& bytes, Message& as) {
  grpc::Slice whole;
  if (!bytes.DumpToSingleSlice(&whole).ok() || !as.ParseFromArray(whole.begin(), static_cast<int>(whole.size())))
    return false;
  google::protobuf::util::JsonPrintOptions how;
  how.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(as, &text, how).ok()) return false;
  std::cout << text << std::endl;
  return true;
}

/// One request, then whatever is answered: to gRPC a call with one answer is a stream of one.
grpc::Status call(grpc::GenericStub& stub, const MethodDescriptor& method, const Message& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(number_of("GANTRY_CRI_SECONDS", 120)));
  grpc::CompletionQueue queue;
  auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto stream = stub.PrepareCall(&context, "/" + method.service()->full_name() + "/" + method.name(), &queue);
  stream->StartCall(nullptr);
  auto going = next();
  if (going) {
    stream->WriteLast(bytes_of(request), {}, nullptr);
    going = next();
  }
  if (going) {
    stream->ReadInitialMetadata(nullptr);
    going = next();
    if (method.server_streaming()) std::cerr << "begun" << std::endl;
  }
  auto answer = new_message(method.output_type());
  for (int left = number_of("GANTRY_CRI_MESSAGES", 1'000'000); going && left > 0; --left) {
    grpc::ByteBuffer bytes;
    stream->Read(&bytes, nullptr);
    going = next();
    if (going && !print(bytes, *answer)) return {grpc::INTERNAL, "the answer is no " + answer->GetTypeName()};
    if (left == 1) return grpc::Status::OK; // the stream is cancelled with its context
  }
  grpc::Status status;
  stream->Finish(&status, nullptr);
  next();
  return status;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::cerr << "usage: gantry-cri-call SOCKET CALL [JSON]\n";
    return 2;
  }
  const auto* method = find_method(argv[2]);
  if (method == nullptr) {
    std::cerr << "there is no call " << argv[2] << '\n';
    return 2;
  }
  auto request = new_message(method->input_type());
  auto read = google::protobuf::util::JsonStringToMessage(argc == 4 ? argv[3] : "{}", request.get());
  if (!read.ok()) {
    std::cerr << read.ToString() << '\n';
    return 2;
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(32 << 20);
  grpc::GenericStub stub(
      grpc::CreateCustomChannel(std::string("unix://") + argv[1], grpc::InsecureChannelCredentials(), arguments));
  auto status = call(stub, *method, *request);
  if (status.ok()) return 0;
  std::cerr << static_cast<int>(status.error_code()) << ": " << status.error_message() << '\n';
  return 1;
}
