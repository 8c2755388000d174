#include "api/cri/server.hpp"

#include <sys/stat.h>

#include <thread>

#include <grpcpp/create_channel.h>

#include "api/cri/cri.grpc.pb.h"
#include "runtime/sys/files.hpp"
#include "tests/api/docker/fake_engine.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cri;

namespace {

namespace v1 = ::runtime::v1;

struct folder {
  std::string path;
  folder() {
    char name[] = "/tmp/gantry-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~folder() { (void)sys::remove_tree(path); }
};

struct pods_state {
  std::vector<caf::typed_response_promise<pod_running>>
      never; ///< until pod_gone: CAF answers nobody for a lost promise
};

/// One pod, ready; one that is being made; a call of each kind that fails.
pods_actor::behavior_type pods(pods_actor::stateful_pointer<pods_state> self) {
  auto view = [](char id, pod_phase now) {
    pod_record made;
    made.name = {pods_namespace, std::string(64, id)};
    made.now = now;
    made.options.metadata = {"web", "u", "default", 0};
    return std::make_shared<const pod_record>(made);
  };
  auto refuse = [](errc code, const std::string& why) { return to_caf(error{code, why, 0}); };
  return {
      [=](const run_pod& request) -> caf::result<pod_running> {
        if (request.options.metadata.name == "full") return refuse(errc::exhausted, "too many pods");
        if (request.options.metadata.name == "never") {
          self->state.never.push_back(self->make_response_promise<pod_running>());
          return self->state.never.back();
        }
        return pod_running{view('a', pod_phase::ready)->name};
      },
      [=](const stop_pod& request) -> caf::result<done> {
        if (request.id == "gone") return refuse(errc::not_found, "no such pod");
        return done{};
      },
      [](const remove_pod&) { return done{}; },
      [=](const create_pod_container& request) -> caf::result<created> {
        if (request.options.image == "missing") return refuse(errc::not_found, "no such image");
        return created{{pods_namespace, std::string(64, 'c')}, {}};
      },
      [=](const list_pods&) {
        auto table = std::make_shared<pod_table>();
        table->rows = {view('b', pod_phase::starting), view('a', pod_phase::ready)};
        return pod_table_ptr(table);
      },
      [=](const find_pod& request) -> caf::result<pod_view> {
        if (!std::string(64, 'a').starts_with(request.id)) return refuse(errc::not_found, "no such pod");
        return view('a', pod_phase::ready);
      },
      [](const update_pod&) { return done{}; },
      [](const ask_pod_network&) {
        return pod_network_state{false, "NetworkPluginNotReady", "no network configuration", ""};
      },
      [](const ask_pod_users&) {
        return pod_users{{}, "it takes another kernel"};
      },
      [](const pod_changed&) {},
      [=](const pod_gone&) {
        for (auto& promise : self->state.never) promise.deliver(pod_running{});
      },
      [](const recover_pods&) { return done{}; },
      [](const monitor_died&) {},
  };
}

struct fixture {
  folder at;
  pods_actor all_pods;
  test::fake_engine engine{[this](caf::actor_system& system) { return all_pods = system.spawn(pods); }};
  std::unique_ptr<server> door;
  std::string path = at.path + "/cri.sock";
  std::unique_ptr<v1::RuntimeService::Stub> runtime;
  std::unique_ptr<v1::ImageService::Stub> images;

  explicit fixture(server_options options = {}) {
    options.sockets = {path};
    auto started = server::start(engine.system(), engine.handle(), std::move(options));
    REQUIRE(started);
    door = std::move(*started);
    auto channel = grpc::CreateChannel("unix://" + path, grpc::InsecureChannelCredentials());
    runtime = v1::RuntimeService::NewStub(channel);
    images = v1::ImageService::NewStub(channel);
  }
  ~fixture() {
    door.reset();
    tell(all_pods, pod_gone{});
  }
};

/// A call's answer, or how it was refused. A call that hangs fails the test.
template<class Response, class Stub, class Request>
std::pair<grpc::Status, Response> call(Stub& stub,
                                       grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                       const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  Response got;
  auto status = (stub.*method)(&context, request, &got);
  INFO(status.error_message());
  return {status, got};
}

v1::RunPodSandboxRequest pod_named(const std::string& name) {
  v1::RunPodSandboxRequest made;
  made.mutable_config()->mutable_metadata()->set_name(name);
  made.mutable_config()->mutable_metadata()->set_namespace_("default");
  return made;
}

} // namespace

using runtime_stub = v1::RuntimeService::Stub;
using image_stub = v1::ImageService::Stub;

TEST_CASE("the door says who it is, and why pods have no network") {
  fixture f;
  auto [said, version] = call(*f.runtime, &runtime_stub::Version, v1::VersionRequest());
  CHECK(said.ok());
  CHECK(version.runtime_name() == "gantry");
  CHECK(version.runtime_api_version() == "v1");
  v1::StatusRequest verbose;
  verbose.set_verbose(true);
  auto [ok, status] = call(*f.runtime, &runtime_stub::Status, verbose);
  REQUIRE(ok.ok());
  REQUIRE(status.status().conditions_size() == 2);
  CHECK(status.status().conditions(0).status());
  CHECK(status.status().conditions(1).type() == "NetworkReady");
  CHECK_FALSE(status.status().conditions(1).status());
  CHECK(status.status().conditions(1).reason() == "NetworkPluginNotReady");
  REQUIRE(status.runtime_handlers_size() == 2);
  CHECK(status.runtime_handlers(0).features().recursive_read_only_mounts());
  CHECK_FALSE(status.runtime_handlers(0).features().user_namespaces());
  CHECK_THAT(status.info().at("config"), test::contains("\"root\":\"/r\""));
  auto [configured, config] = call(*f.runtime, &runtime_stub::RuntimeConfig, v1::RuntimeConfigRequest());
  CHECK(config.linux().cgroup_driver() == v1::CGROUPFS);
}

TEST_CASE("the socket has mode 0660, and a second door on it is refused while the first one lives") {
  fixture f;
  struct stat status {};
  REQUIRE(::stat(f.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0660);
  server_options options;
  options.sockets = {f.path};
  auto second = server::start(f.engine.system(), f.engine.handle(), options);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::already_exists);
  f.door->stop();
  CHECK(::stat(f.path.c_str(), &status) != 0);
}

TEST_CASE("images: found by name, empty where there is none, removed twice") {
  fixture f;
  v1::ImageStatusRequest wanted;
  wanted.mutable_image()->set_image("alpine:3");
  auto [found, status] = call(*f.images, &image_stub::ImageStatus, wanted);
  CHECK(found.ok());
  CHECK(status.image().repo_tags(0) == "docker.io/library/alpine:3");
  wanted.mutable_image()->set_image("nothing");
  auto [none, empty] = call(*f.images, &image_stub::ImageStatus, wanted);
  CHECK(none.ok());
  CHECK_FALSE(empty.has_image());
  auto [listed, list] = call(*f.images, &image_stub::ListImages, v1::ListImagesRequest());
  CHECK(list.images_size() == 1);
  v1::RemoveImageRequest removal;
  removal.mutable_image()->set_image("nothing");
  CHECK(call(*f.images, &image_stub::RemoveImage, removal).first.ok());
  v1::PullImageRequest pull;
  pull.mutable_image()->set_image("missing");
  CHECK(call(*f.images, &image_stub::PullImage, pull).first.error_code() == grpc::NOT_FOUND);
  pull.mutable_image()->set_image("some/UPPER");
  CHECK(call(*f.images, &image_stub::PullImage, pull).first.error_code() == grpc::INVALID_ARGUMENT);
}

TEST_CASE("pods: errors arrive as what they are, and what is being made is not listed") {
  fixture f;
  CHECK(call(*f.runtime, &runtime_stub::RunPodSandbox, pod_named("web")).second.pod_sandbox_id() ==
        std::string(64, 'a'));
  CHECK(call(*f.runtime, &runtime_stub::RunPodSandbox, pod_named("full")).first.error_code() ==
        grpc::RESOURCE_EXHAUSTED);
  CHECK(call(*f.runtime, &runtime_stub::RunPodSandbox, pod_named("")).first.error_code() == grpc::INVALID_ARGUMENT);
  auto unknown = pod_named("web");
  unknown.set_runtime_handler("nope");
  auto refused = call(*f.runtime, &runtime_stub::RunPodSandbox, unknown).first;
  CHECK(refused.error_code() == grpc::INVALID_ARGUMENT);
  CHECK_THAT(refused.error_message(), test::contains("nope"));
  auto users = pod_named("web");
  auto& options = *users.mutable_config()->mutable_linux()->mutable_security_context()->mutable_namespace_options();
  for (auto* map : {options.mutable_userns_options()->add_uids(), options.mutable_userns_options()->add_gids()})
    map->set_length(9);
  refused = call(*f.runtime, &runtime_stub::RunPodSandbox, users).first;
  CHECK(refused.error_code() == grpc::INVALID_ARGUMENT);
  CHECK_THAT(refused.error_message(), test::contains("the handler \"runc\"") && test::contains("another kernel"));
  auto list = call(*f.runtime, &runtime_stub::ListPodSandbox, v1::ListPodSandboxRequest()).second;
  REQUIRE(list.items_size() == 1);
  CHECK(list.items(0).id() == std::string(64, 'a'));
  v1::StopPodSandboxRequest stop;
  CHECK(call(*f.runtime, &runtime_stub::StopPodSandbox, stop).first.error_code() == grpc::INVALID_ARGUMENT);
  stop.set_pod_sandbox_id("gone");
  CHECK(call(*f.runtime, &runtime_stub::StopPodSandbox, stop).first.ok());
  v1::PodSandboxStatusRequest status;
  status.set_pod_sandbox_id("zz");
  CHECK(call(*f.runtime, &runtime_stub::PodSandboxStatus, status).first.error_code() == grpc::NOT_FOUND);
}

TEST_CASE("what the engine shows is answered with, and nobody is asked; while it shows nothing they are") {
  fixture f;
  container_record record;
  record.name = {pods_namespace, std::string(64, 'd')}; // which the engine's actors do not know
  record.options.in_pod.pod = {pods_namespace, std::string(64, 'e')};
  record.state.now = phase::running;
  auto containers = std::make_shared<container_table>();
  containers->rows = containers->by_id = {std::make_shared<const container_record>(record)};
  pod_record pod;
  pod.name = record.options.in_pod.pod;
  pod.now = pod_phase::ready;
  auto pods = std::make_shared<pod_table>();
  pods->rows = pods->by_id = {std::make_shared<const pod_record>(pod)};
  v1::ContainerStatusRequest one;
  one.set_container_id(record.name.id);
  one.set_verbose(true);
  v1::PodSandboxStatusRequest of_pod;
  of_pod.set_pod_sandbox_id(pod.name.id);
  CHECK(call(*f.runtime, &runtime_stub::ContainerStatus, one).first.error_code() == grpc::NOT_FOUND);
  f.engine.boards().containers.show(containers);
  f.engine.boards().pods.show(pods);
  auto [ok, status] = call(*f.runtime, &runtime_stub::ContainerStatus, one);
  REQUIRE(ok.ok());
  CHECK(status.status().state() == v1::CONTAINER_RUNNING);
  CHECK_THAT(status.info().at("info"), test::contains("sandboxID"));
  auto [ready, found] = call(*f.runtime, &runtime_stub::PodSandboxStatus, of_pod);
  REQUIRE(ready.ok());
  CHECK(found.status().state() == v1::SANDBOX_READY);
  CHECK(found.containers_statuses_size() == 1);
  auto list = call(*f.runtime, &runtime_stub::ListContainers, v1::ListContainersRequest()).second;
  REQUIRE(list.containers_size() == 1);
  CHECK(list.containers(0).id() == record.name.id);
  CHECK(call(*f.runtime, &runtime_stub::ListPodSandbox, v1::ListPodSandboxRequest()).second.items(0).id() ==
        pod.name.id);
  f.engine.boards().containers.announce();
  CHECK(call(*f.runtime, &runtime_stub::ContainerStatus, one).first.error_code() == grpc::NOT_FOUND);
  CHECK(call(*f.runtime, &runtime_stub::PodSandboxStatus, of_pod).first.error_code() == grpc::NOT_FOUND);
}

TEST_CASE("what is not supported is refused by name") {
  fixture f;
  auto refused = call(*f.runtime, &runtime_stub::CheckpointContainer, v1::CheckpointContainerRequest()).first;
  CHECK(refused.error_code() == grpc::UNIMPLEMENTED);
  CHECK_THAT(refused.error_message(), test::contains("checkpoints"));
}

TEST_CASE("a call that its client gives up ends, and so does one that the door's end finds") {
  fixture f;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  v1::RunPodSandboxResponse got;
  CHECK(f.runtime->RunPodSandbox(&context, pod_named("never"), &got).error_code() == grpc::DEADLINE_EXCEEDED);
  while (f.door->activity().calls != 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));

  std::thread waiting([&f] {
    auto status = call(*f.runtime, &runtime_stub::RunPodSandbox, pod_named("never")).first;
    CHECK_FALSE(status.ok());
  });
  while (f.door->activity().calls == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  f.door->stop();
  CHECK(f.door->activity().calls == 0);
  waiting.join();
}

TEST_CASE("more calls than the bound are told to come again") {
  server_options options;
  options.max_calls = 1;
  fixture f(options);
  grpc::ClientContext first;
  std::thread waiting([&] {
    v1::RunPodSandboxResponse got;
    (void)f.runtime->RunPodSandbox(&first, pod_named("never"), &got);
  });
  while (f.door->activity().calls == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  // On a connection of its own: on the first one's, gRPC itself holds the call back.
  grpc::ChannelArguments apart;
  apart.SetInt("grpc.use_local_subchannel_pool", 1);
  auto channel = grpc::CreateCustomChannel("unix://" + f.path, grpc::InsecureChannelCredentials(), apart);
  auto stub = v1::RuntimeService::NewStub(channel);
  CHECK(call(*stub, &runtime_stub::Version, v1::VersionRequest()).first.error_code() == grpc::RESOURCE_EXHAUSTED);
  first.TryCancel();
  waiting.join();
}

TEST_CASE("exec and port-forward are answered with a URL on loopback") {
  fixture f;
  v1::ExecRequest exec;
  exec.set_container_id("web");
  exec.add_cmd("sh");
  exec.set_stdout(true);
  auto [ok, got] = call(*f.runtime, &runtime_stub::Exec, exec);
  INFO(ok.error_message());
  CHECK(ok.ok());
  CHECK_THAT(got.url(), test::contains("http://127.0.0.1:"));
  exec.set_container_id("nobody");
  CHECK(call(*f.runtime, &runtime_stub::Exec, exec).first.error_code() == grpc::NOT_FOUND);
  v1::PortForwardRequest forward;
  forward.set_pod_sandbox_id(std::string(64, 'a'));
  CHECK_THAT(call(*f.runtime, &runtime_stub::PortForward, forward).second.url(), test::contains("/portforward/"));
}

TEST_CASE("events are streamed to who listens, until it goes") {
  fixture f;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  auto stream = f.runtime->GetContainerEvents(&context, v1::GetEventsRequest());
  event made;
  made.ns = pods_namespace;
  made.id = std::string(64, 'c');
  made.action = "start";
  made.time = 5;
  stream->WaitForInitialMetadata();
  f.engine.publish(made);
  v1::ContainerEventResponse got;
  REQUIRE(stream->Read(&got));
  CHECK(got.container_id() == made.id);
  CHECK(got.container_event_type() == v1::CONTAINER_STARTED_EVENT);
  CHECK(got.created_at() == 5);
  context.TryCancel();
  while (stream->Read(&got)) {
  }
  CHECK(stream->Finish().error_code() == grpc::CANCELLED);
  while (f.door->activity().calls != 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}
