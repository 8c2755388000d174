#include "tests/e2e/cri/node.hpp"

#include <filesystem>

namespace gantry::test {

node::node(const std::string& socket, std::string image, node_options how) : image_(std::move(image)), how_(how) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(32 << 20);
  auto channel = grpc::CreateCustomChannel("unix://" + socket, grpc::InsecureChannelCredentials(), arguments);
  runtime_ = v1::RuntimeService::NewStub(channel);
  auto images = v1::ImageService::NewStub(channel);
  grpc::ClientContext context;
  v1::PullImageRequest request;
  request.mutable_image()->set_image(image_);
  v1::PullImageResponse response;
  auto status = images->PullImage(&context, request, &response);
  if (!status.ok()) throw std::runtime_error("PullImage: " + status.error_message());
  image_ = response.image_ref(); // by its id, as the kubelet creates containers
}

node::~node() {
  std::error_code ignored;
  std::filesystem::remove_all(logs_, ignored);
}

template<class Call, class Request, class Response>
void node::call(const char* what, Call method, const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(4));
  auto status = ((*runtime_).*method)(&context, request, &response);
  if (!status.ok()) throw std::runtime_error(std::string(what) + ": " + status.error_message());
}

v1::PodSandboxConfig node::config_of(int n) const {
  v1::PodSandboxConfig made;
  made.mutable_metadata()->set_name(fmt::format("load-{}", n));
  made.mutable_metadata()->set_uid(fmt::format("load-{}", n));
  made.mutable_metadata()->set_namespace_("default");
  made.set_log_directory(fmt::format("{}/{}", logs_, n));
  (*made.mutable_labels())["app"] = "load";
  auto& namespaces = *made.mutable_linux()->mutable_security_context()->mutable_namespace_options();
  namespaces.set_network(how_.own_network ? v1::POD : v1::NODE);
  namespaces.set_pid(v1::CONTAINER);
  return made;
}

void node::start_container(const std::string& pod, const v1::PodSandboxConfig& config, int number) {
  v1::CreateContainerRequest create;
  create.set_pod_sandbox_id(pod);
  *create.mutable_sandbox_config() = config;
  auto& wanted = *create.mutable_config();
  wanted.mutable_metadata()->set_name(fmt::format("c{}", number));
  wanted.mutable_image()->set_image(image_);
  wanted.add_command("sleep");
  wanted.add_args("100000");
  wanted.set_log_path(fmt::format("c{}.log", number));
  wanted.mutable_linux()->mutable_security_context()->mutable_namespace_options()->set_pid(v1::CONTAINER);
  v1::CreateContainerResponse created;
  call("CreateContainer", &v1::RuntimeService::Stub::CreateContainer, create, created);
  v1::StartContainerRequest start;
  start.set_container_id(created.container_id());
  v1::StartContainerResponse started;
  call("StartContainer", &v1::RuntimeService::Stub::StartContainer, start, started);
  if (how_.check) expect(created.container_id(), v1::CONTAINER_RUNNING);
}

/// By its status, and by the list.
void node::expect(const std::string& container, v1::ContainerState state) {
  v1::ContainerStatusRequest request;
  request.set_container_id(container);
  v1::ContainerStatusResponse one;
  call("ContainerStatus", &v1::RuntimeService::Stub::ContainerStatus, request, one);
  v1::ListContainersRequest filter;
  filter.mutable_filter()->set_id(container);
  v1::ListContainersResponse row;
  call("ListContainers", &v1::RuntimeService::Stub::ListContainers, filter, row);
  if (one.status().state() == state && row.containers_size() == 1 && row.containers(0).state() == state) return;
  throw std::runtime_error(fmt::format("container {}: a state from before the last call was shown", container));
}

void node::stop_containers(const std::string& pod) {
  v1::ListContainersRequest filter;
  filter.mutable_filter()->set_pod_sandbox_id(pod);
  v1::ListContainersResponse all;
  call("ListContainers", &v1::RuntimeService::Stub::ListContainers, filter, all);
  for (const auto& one : all.containers()) {
    v1::StopContainerRequest request;
    request.set_container_id(one.id());
    v1::StopContainerResponse response;
    call("StopContainer", &v1::RuntimeService::Stub::StopContainer, request, response);
    expect(one.id(), v1::CONTAINER_EXITED);
  }
}

void node::start(int n) {
  v1::RunPodSandboxRequest request;
  *request.mutable_config() = config_of(n);
  v1::RunPodSandboxResponse response;
  call("RunPodSandbox", &v1::RuntimeService::Stub::RunPodSandbox, request, response);
  {
    std::lock_guard held(lock_);
    pods_.resize(std::max(pods_.size(), static_cast<std::size_t>(n) + 1));
    pods_[static_cast<std::size_t>(n)] = response.pod_sandbox_id();
  }
  for (int i = 0; i < how_.containers; ++i) start_container(response.pod_sandbox_id(), request.config(), i);
}

void node::stop(int n) {
  if (how_.check) stop_containers(pods_.at(static_cast<std::size_t>(n)));
  v1::StopPodSandboxRequest request;
  request.set_pod_sandbox_id(pods_.at(static_cast<std::size_t>(n)));
  v1::StopPodSandboxResponse response;
  call("StopPodSandbox", &v1::RuntimeService::Stub::StopPodSandbox, request, response);
}

void node::remove(int n) {
  v1::RemovePodSandboxRequest request;
  request.set_pod_sandbox_id(pods_.at(static_cast<std::size_t>(n)));
  v1::RemovePodSandboxResponse response;
  call("RemovePodSandbox", &v1::RuntimeService::Stub::RemovePodSandbox, request, response);
}

void node::poll(bool statuses) {
  v1::ListPodSandboxResponse pods;
  call("ListPodSandbox", &v1::RuntimeService::Stub::ListPodSandbox, v1::ListPodSandboxRequest(), pods);
  v1::ListContainersResponse containers;
  call("ListContainers", &v1::RuntimeService::Stub::ListContainers, v1::ListContainersRequest(), containers);
  if (!statuses) return;
  for (const auto& one : containers.containers()) {
    v1::ContainerStatusRequest request;
    request.set_container_id(one.id());
    v1::ContainerStatusResponse response;
    call("ContainerStatus", &v1::RuntimeService::Stub::ContainerStatus, request, response);
  }
}

node::totals node::count() {
  v1::ListPodSandboxResponse pods;
  call("ListPodSandbox", &v1::RuntimeService::Stub::ListPodSandbox, v1::ListPodSandboxRequest(), pods);
  v1::ListContainersResponse containers;
  call("ListContainers", &v1::RuntimeService::Stub::ListContainers, v1::ListContainersRequest(), containers);
  totals found{pods.items_size(), 0, containers.containers_size(), 0};
  for (const auto& one : pods.items()) found.ready += one.state() == v1::SANDBOX_READY;
  for (const auto& one : containers.containers()) found.running += one.state() == v1::CONTAINER_RUNNING;
  return found;
}

} // namespace gantry::test
