#include "api/cri/service.hpp"

#include "api/cri/calls/calls.hpp"
#include "api/cri/cri.grpc.pb.h"

// Which function answers which call: little else stands here.

#define GANTRY_ASK_FOR(Name) [&on](auto... with) { on.Request##Name(with...); }
/// The handler; after it, if there is one, that which answers at once.
#define GANTRY_CALL(Name, ...)                                                                                         \
  expect_unary<v1::Name##Request, v1::Name##Response>(at, {GANTRY_ASK_FOR(Name), __VA_ARGS__})
#define GANTRY_REFUSED(Name, why)                                                                                      \
  expect_unary<v1::Name##Request, v1::Name##Response>(at, {GANTRY_ASK_FOR(Name), nullptr, nullptr, why})
#define GANTRY_STREAM(Name, Request, Response, handle)                                                                 \
  expect_stream<v1::Request, v1::Response>(at, {GANTRY_ASK_FOR(Name), handle})

namespace gantry::cri {
namespace {

constexpr auto no_checkpoints = "checkpoints are not supported: this engine has no CRIU";

template<class Request, class Response>
void expect_unary(desk& at, typename unary_call<Request, Response>::kind what) {
  using call = unary_call<Request, Response>;
  call::expect_next(at, std::make_shared<const typename call::kind>(std::move(what)));
}

template<class Request, class Response>
void expect_stream(desk& at, typename stream_call<Request, Response>::kind what) {
  using call = stream_call<Request, Response>;
  call::expect_next(at, std::make_shared<const typename call::kind>(std::move(what)));
}

void expect_of_runtime(v1::RuntimeService::AsyncService& on, desk& at) {
  GANTRY_CALL(Version, calls::version);
  GANTRY_CALL(Status, calls::status);
  GANTRY_CALL(RuntimeConfig, calls::runtime_config);
  GANTRY_CALL(UpdateRuntimeConfig, calls::update_runtime_config);

  GANTRY_CALL(RunPodSandbox, calls::run_pod_sandbox);
  GANTRY_CALL(StopPodSandbox, calls::stop_pod_sandbox);
  GANTRY_CALL(RemovePodSandbox, calls::remove_pod_sandbox);
  GANTRY_CALL(PodSandboxStatus, calls::pod_sandbox_status, calls::pod_sandbox_status_at_once);
  GANTRY_CALL(ListPodSandbox, calls::list_pod_sandbox, calls::list_pod_sandbox_at_once);
  GANTRY_CALL(UpdatePodSandboxResources, calls::update_pod_sandbox_resources);

  GANTRY_CALL(CreateContainer, calls::create_container);
  GANTRY_CALL(StartContainer, calls::start_container);
  GANTRY_CALL(StopContainer, calls::stop_container);
  GANTRY_CALL(RemoveContainer, calls::remove_container);
  GANTRY_CALL(ListContainers, calls::list_containers, calls::list_containers_at_once);
  GANTRY_CALL(ContainerStatus, calls::container_status, calls::container_status_at_once);
  GANTRY_CALL(UpdateContainerResources, calls::update_container_resources);
  GANTRY_CALL(ReopenContainerLog, calls::reopen_container_log);
  GANTRY_CALL(ExecSync, calls::exec_sync);
  GANTRY_CALL(Exec, calls::exec);
  GANTRY_CALL(Attach, calls::attach);
  GANTRY_CALL(PortForward, calls::port_forward);

  GANTRY_CALL(ContainerStats, calls::container_stats);
  GANTRY_CALL(ListContainerStats, calls::list_container_stats);
  GANTRY_CALL(PodSandboxStats, calls::pod_sandbox_stats);
  GANTRY_CALL(ListPodSandboxStats, calls::list_pod_sandbox_stats);
  GANTRY_STREAM(StreamPodSandboxes, StreamPodSandboxesRequest, StreamPodSandboxesResponse, calls::stream_pod_sandboxes);
  GANTRY_STREAM(StreamContainers, StreamContainersRequest, StreamContainersResponse, calls::stream_containers);
  GANTRY_STREAM(StreamContainerStats, StreamContainerStatsRequest, StreamContainerStatsResponse,
                calls::stream_container_stats);
  GANTRY_STREAM(StreamPodSandboxStats, StreamPodSandboxStatsRequest, StreamPodSandboxStatsResponse,
                calls::stream_pod_sandbox_stats);
  GANTRY_CALL(ListMetricDescriptors, calls::list_metric_descriptors);
  GANTRY_CALL(ListPodSandboxMetrics, calls::list_pod_sandbox_metrics);
  GANTRY_STREAM(StreamPodSandboxMetrics, StreamPodSandboxMetricsRequest, StreamPodSandboxMetricsResponse,
                calls::stream_pod_sandbox_metrics);
  GANTRY_STREAM(GetContainerEvents, GetEventsRequest, ContainerEventResponse, calls::get_container_events);

  GANTRY_REFUSED(CheckpointContainer, no_checkpoints);
  GANTRY_REFUSED(CheckpointPod, no_checkpoints);
  GANTRY_REFUSED(RestorePod, no_checkpoints);
}

void expect_of_images(v1::ImageService::AsyncService& on, desk& at) {
  GANTRY_CALL(ListImages, calls::list_images);
  GANTRY_STREAM(StreamImages, StreamImagesRequest, StreamImagesResponse, calls::stream_images);
  GANTRY_CALL(ImageStatus, calls::image_status);
  GANTRY_CALL(PullImage, calls::pull_image);
  GANTRY_CALL(RemoveImage, calls::remove_image);
  GANTRY_CALL(ImageFsInfo, calls::image_fs_info);
}

struct both_services final : services {
  v1::RuntimeService::AsyncService runtime;
  v1::ImageService::AsyncService images;

  void add_to(grpc::ServerBuilder& server) override { server.RegisterService(&runtime).RegisterService(&images); }
  void expect_calls(desk& at) override {
    expect_of_runtime(runtime, at);
    expect_of_images(images, at);
  }
};

} // namespace

std::unique_ptr<services> services::make() { return std::make_unique<both_services>(); }

} // namespace gantry::cri
