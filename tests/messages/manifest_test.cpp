#include "messages/domain/manifest.hpp"

#include "tests/catch.hpp"

using namespace gantry;

namespace {

const std::string a_digest = "sha256:" + std::string(64, 'a');

std::string descriptor_json(std::string_view type, std::string_view size = "5", std::string_view more = "") {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}{}}})", type, a_digest, size, more);
}

const std::string config_json = descriptor_json(media_type::oci_config);
const std::string layer_json = descriptor_json(media_type::oci_layer_gzip);

std::string manifest_json(std::string_view config, std::string_view layers, std::string_view more = "") {
  return fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[{}]{}}})", config, layers, more);
}

std::string with_type(std::string_view type) { return fmt::format(R"(,"mediaType":"{}")", type); }

std::string entry_json(std::string_view os, std::string_view architecture, std::string_view variant = "") {
  return descriptor_json(
      media_type::oci_manifest, "5",
      fmt::format(R"(,"platform":{{"os":"{}","architecture":"{}","variant":"{}"}})", os, architecture, variant));
}

std::string index_json(std::string_view entries, std::string_view more = "") {
  return fmt::format(R"({{"schemaVersion":2,"manifests":[{}]{}}})", entries, more);
}

void check_refused(const std::string& json, std::string_view type, errc code, const std::string& word) {
  INFO(json.substr(0, 300));
  auto parsed = parse_manifest(json, type);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == code);
  CHECK_THAT(parsed.error().message, test::contains(word));
}

image_index parse_index(std::string_view entries) {
  return std::get<image_index>(parse_manifest(index_json(entries), media_type::oci_index).value());
}

} // namespace

TEST_CASE("a manifest's config and layers are read, base first") {
  auto json = manifest_json(config_json, layer_json + "," + descriptor_json(media_type::oci_layer_zstd, "7"));
  auto parsed = parse_manifest(json, "application/vnd.oci.image.manifest.v1+json; charset=utf-8");
  REQUIRE(parsed);
  const auto& made = std::get<manifest>(*parsed);
  CHECK(made.media_type == media_type::oci_manifest);
  CHECK(made.config.content.str() == a_digest);
  REQUIRE(made.layers.size() == 2);
  CHECK(made.layers[1].size == 7);
  CHECK(layer_compression(made.layers[1].media_type) == compression::zstd);
}

TEST_CASE("a document's type is the header's, else its own, else that of its shape") {
  auto type_of = [](const std::string& json, std::string_view header) {
    return std::visit([](const auto& made) { return made.media_type; }, parse_manifest(json, header).value());
  };
  auto plain = manifest_json(config_json, layer_json);
  CHECK(type_of(plain, "") == media_type::oci_manifest);
  CHECK(type_of(plain, media_type::docker_manifest) == media_type::docker_manifest);
  CHECK(type_of(plain, "Application/VND.oci.image.manifest.v1+JSON") == media_type::oci_manifest);
  CHECK(type_of(manifest_json(config_json, layer_json, with_type(media_type::docker_manifest)), "") ==
        media_type::docker_manifest);
  CHECK(type_of(index_json(""), "") == media_type::oci_index);
  CHECK(type_of(index_json("", with_type(media_type::docker_list)), "") == media_type::docker_list);
}

TEST_CASE("a body that contradicts its header is refused") {
  auto json = manifest_json(config_json, layer_json, with_type(media_type::oci_manifest));
  check_refused(json, media_type::oci_index, errc::corrupt, "header says");
  check_refused(json, media_type::docker_manifest, errc::corrupt, "header says");
  check_refused(manifest_json(config_json, layer_json), media_type::oci_index, errc::corrupt, "\"layers\"");
  check_refused(index_json(layer_json), media_type::oci_manifest, errc::corrupt, "\"manifests\"");
}

TEST_CASE("a document that is a manifest and an index is refused, in whatever case it says so") {
  for (const auto* name : {"manifests", "Manifests", "MANIFESTS"}) {
    auto json = manifest_json(config_json, layer_json, fmt::format(R"(,"{}":[])", name));
    check_refused(json, media_type::oci_manifest, errc::corrupt, "both");
    check_refused(json, "", errc::corrupt, "both");
  }
  check_refused(index_json("", R"(,"config":{})"), media_type::oci_index, errc::corrupt, "config");
  check_refused(manifest_json(config_json, layer_json, R"(,"layers":[])"), "", errc::corrupt, "written once");
  check_refused(manifest_json(config_json, layer_json, R"(,"Config":{})"), "", errc::corrupt, "written once");
  check_refused(manifest_json(config_json, layer_json, with_type(media_type::oci_manifest) + with_type("x")), "",
                errc::corrupt, "written once");
}

TEST_CASE("schema 1 is refused by name") {
  check_refused("{}", "application/vnd.docker.distribution.manifest.v1+prettyjws", errc::invalid_argument, "schema 1");
  check_refused("{}", "application/vnd.docker.distribution.manifest.v1+json", errc::invalid_argument, "schema 1");
  check_refused(R"({"schemaVersion":1,"fsLayers":[],"history":[]})", "", errc::invalid_argument, "schema 1");
  check_refused(R"({"schemaVersion":2,"fsLayers":[]})", "", errc::invalid_argument, "schema 1");
}

TEST_CASE("unknown media types are refused, naming them") {
  auto json = manifest_json(config_json, layer_json);
  check_refused(json, "text/html", errc::invalid_argument, "text/html");
  check_refused(manifest_json(config_json, layer_json, with_type("a/b")), "", errc::invalid_argument, "a/b");
  check_refused(manifest_json(config_json, descriptor_json("application/x-tar")), "", errc::invalid_argument,
                "application/x-tar");
  check_refused(manifest_json(descriptor_json("application/vnd.cncf.helm.config.v1+json"), layer_json), "",
                errc::invalid_argument, "helm");
  check_refused(json, "evil\x1b[31m\xff", errc::invalid_argument, "evil?[31m?");
}

TEST_CASE("an old Docker manifest may have a config of a general type, an OCI manifest may not") {
  auto json = manifest_json(descriptor_json("application/octet-stream"), layer_json);
  CHECK(parse_manifest(json, media_type::docker_manifest));
  check_refused(json, media_type::oci_manifest, errc::invalid_argument, "octet-stream");
}

TEST_CASE("a descriptor out of range is refused with its place") {
  auto with_layer = [](const std::string& layer) { return manifest_json(config_json, layer_json + "," + layer); };
  for (const auto* size : {"-1", "1.5", "1e3", "\"5\"", "9223372036854775808", "true", "null", "[]"})
    check_refused(with_layer(descriptor_json(media_type::oci_layer, size)), "", errc::corrupt, "layers[1]");
  CHECK(parse_manifest(with_layer(descriptor_json(media_type::oci_layer, "9223372036854775807")), ""));
  check_refused(with_layer(R"({"mediaType":"application/vnd.oci.image.layer.v1.tar","size":1})"), "", errc::corrupt,
                "layers[1]");
  check_refused(with_layer(R"({"mediaType":"application/vnd.oci.image.layer.v1.tar","size":1,"digest":"sha256:../x"})"),
                "", errc::corrupt, "layers[1]");
  check_refused(with_layer(fmt::format(R"({{"digest":"{}","size":1}})", a_digest)), "", errc::corrupt, "mediaType");
  check_refused(with_layer("7"), "", errc::corrupt, "layers");
  check_refused(with_layer(descriptor_json("a", "5", R"(,"annotations":{"a":1})")), "", errc::corrupt, "annotations");
  check_refused(manifest_json(descriptor_json(media_type::oci_config, "8388609"), layer_json), "",
                errc::invalid_argument, "8388608");
}

TEST_CASE("what is not a manifest at all is corrupt") {
  for (const auto* json : {"", "{", "[]", "null", "{}", "7", "<html>", R"({"schemaVersion":2})",
                           R"({"schemaVersion":"2","config":{},"layers":[]})", R"({"config":{},"layers":[]})",
                           R"({"schemaVersion":3,"config":{},"layers":[]})", R"({"schemaVersion":2,"layers":[]})",
                           R"({"schemaVersion":2,"config":{}})", R"({"schemaVersion":2,"config":[],"layers":[]})",
                           R"({"schemaVersion":2,"config":null,"layers":null})", R"({"schemaVersion":2} {})",
                           "{\"schemaVersion\":2,\"mediaType\":\"\xff\"}"})
    check_refused(json, "", errc::corrupt, "");
  check_refused(std::string(100000, '['), "", errc::corrupt, "JSON");
}

TEST_CASE("a manifest is bounded in bytes, layers and entries") {
  auto repeat = [](const std::string& item, std::size_t count) {
    std::string list = item;
    for (std::size_t i = 1; i < count; ++i) list += "," + item;
    return list;
  };
  CHECK(parse_manifest(manifest_json(config_json, repeat(layer_json, 500)), ""));
  check_refused(manifest_json(config_json, repeat(layer_json, 501)), "", errc::invalid_argument, "500");
  CHECK(parse_manifest(index_json(repeat(entry_json("linux", "amd64"), 1000)), ""));
  check_refused(index_json(repeat(entry_json("linux", "amd64"), 1001)), "", errc::invalid_argument, "1000");
  check_refused(std::string(max_manifest_bytes + 1, ' '), "", errc::invalid_argument, "limit");
  auto json = manifest_json(config_json, layer_json);
  CHECK(parse_manifest(json + std::string(max_manifest_bytes - json.size(), ' '), ""));
}

TEST_CASE("an index gives the entry that fits best, the first of equals") {
  auto index = parse_index(entry_json("linux", "arm", "v5") + "," + entry_json("linux", "arm", "v7") + "," +
                           entry_json("linux", "arm", "v6") + "," + entry_json("windows", "amd64") + "," +
                           entry_json("linux", "arm64", "v8") + "," + entry_json("linux", "386"));
  CHECK(select(index, {"linux", "arm", "v7"})->target->variant == "v7");
  CHECK(select(index, {"linux", "arm", ""})->target->variant == "v7");
  CHECK(select(index, {"linux", "arm", "v6"})->target->variant == "v6");
  CHECK(select(index, {"linux", "arm64", ""})->target->variant == "v8");
  auto missing = select(index, {"linux", "amd64", ""});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == errc::not_found);
  CHECK_THAT(missing.error().message, test::contains("linux/arm64/v8") && test::contains("windows/amd64"));
}

TEST_CASE("attestations and what is no image never fit") {
  auto index =
      parse_index(entry_json("unknown", "unknown") + "," + descriptor_json("application/vnd.other+json") + "," +
                  descriptor_json(media_type::oci_layer, "5", R"(,"platform":{"architecture":"amd64"})"));
  auto none = select(index, {"linux", "amd64", ""});
  REQUIRE_FALSE(none);
  CHECK_THAT(none.error().message, test::contains("none"));
}

TEST_CASE("an entry without a platform is taken when none that names one fits") {
  auto bare = descriptor_json(media_type::oci_manifest, "6");
  CHECK(select(parse_index(bare), {"linux", "amd64", ""})->size == 6);
  CHECK(select(parse_index(bare + "," + entry_json("linux", "amd64")), {"linux", "amd64", ""})->size == 5);
}

TEST_CASE("a layer's media type promises its compression") {
  CHECK(layer_compression(media_type::docker_layer) == compression::none);
  CHECK(layer_compression("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip") == compression::gzip);
  CHECK(layer_compression("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd") == compression::zstd);
  for (const auto* type : {"", "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "application/gzip",
                           "application/vnd.oci.image.config.v1+json"}) {
    auto packed = layer_compression(type);
    REQUIRE_FALSE(packed);
    CHECK(packed.error().code == errc::invalid_argument);
  }
}
