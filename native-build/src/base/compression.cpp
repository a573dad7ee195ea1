#include "base/compression.h"

#include <libdeflate.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace rocketmq {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kFirstOutput = size_t{16} * 1024;

tl::unexpected<Error> corrupt(const char* format) {
  return fail(ErrorKind::kProtocolError, std::string("the ") + format + " data is corrupt or cut short");
}

tl::unexpected<Error> too_large(size_t limit) {
  return fail(ErrorKind::kProtocolError,
              "the compressed data unpacks to more than the limit of " + std::to_string(limit) + " bytes");
}

// Makes room behind what is filled; false at the limit. One byte more than the limit tells an excess.
bool grow(Bytes& out, size_t limit) {
  if (out.size() > limit) return false;
  out.resize(std::min(std::max(out.size() * 2, kFirstOutput), limit + 1));
  return true;
}

Result<Bytes> inflate_zlib(ByteView input, size_t limit) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return fail(ErrorKind::kOutOfMemory, "zlib could not be initialised");
  const std::unique_ptr<z_stream, void (*)(z_stream*)> owner(&stream, [](z_stream* s) { inflateEnd(s); });
  stream.next_in = const_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  Bytes out;
  size_t filled = 0;
  for (;;) {
    if (filled == out.size() && !grow(out, limit)) return too_large(limit);
    stream.next_out = out.data() + filled;
    stream.avail_out = static_cast<uInt>(out.size() - filled);
    const int status = inflate(&stream, Z_NO_FLUSH);
    filled = out.size() - stream.avail_out;
    if (filled > limit) return too_large(limit);
    if (status == Z_STREAM_END) break;
    if (status != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) return corrupt("zlib");
  }
  out.resize(filled);
  return out;
}

Result<Bytes> unpack_lz4(ByteView input, size_t limit) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) {
    return fail(ErrorKind::kOutOfMemory, "LZ4 could not be initialised");
  }
  const std::unique_ptr<LZ4F_dctx, void (*)(LZ4F_dctx*)> owner(context,
                                                               [](LZ4F_dctx* c) { LZ4F_freeDecompressionContext(c); });
  Bytes out;
  size_t filled = 0;
  size_t read = 0;
  size_t hint = 1;
  while (hint != 0) {
    if (filled == out.size() && !grow(out, limit)) return too_large(limit);
    size_t produced = out.size() - filled;
    size_t consumed = input.size() - read;
    hint = LZ4F_decompress(context, out.data() + filled, &produced, input.data() + read, &consumed, nullptr);
    if (LZ4F_isError(hint) || (produced == 0 && consumed == 0 && hint != 0)) return corrupt("LZ4");
    filled += produced;
    read += consumed;
    if (filled > limit) return too_large(limit);
  }
  out.resize(filled);
  return out;
}

Result<Bytes> unpack_zstd(ByteView input, size_t limit) {
  const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
  if (!stream) return fail(ErrorKind::kOutOfMemory, "Zstandard could not be initialised");
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  Bytes out;
  size_t filled = 0;
  for (;;) {
    if (filled == out.size() && !grow(out, limit)) return too_large(limit);
    ZSTD_outBuffer piece{out.data() + filled, out.size() - filled, 0};
    const size_t status = ZSTD_decompressStream(stream.get(), &piece, &in);
    filled += piece.pos;
    if (ZSTD_isError(status)) return corrupt("Zstandard");
    if (filled > limit) return too_large(limit);
    if (status == 0) break;
    if (in.pos == in.size && piece.pos < piece.size) return corrupt("Zstandard");
  }
  out.resize(filled);
  return out;
}

Result<Bytes> failed(const char* format) {
  return fail(ErrorKind::kInternalError, std::string(format) + " could not compress the data");
}

}  // namespace

Result<Bytes> compress(CompressionType type, ByteView input, int level) {
  Bytes out;
  switch (type) {
    case CompressionType::kZlib: {
      uLongf size = compressBound(static_cast<uLong>(input.size()));
      out.resize(size);
      if (compress2(out.data(), &size, input.data(), static_cast<uLong>(input.size()), level) != Z_OK) {
        return failed("zlib");
      }
      out.resize(size);
      return out;
    }
    case CompressionType::kLz4: {
      LZ4F_preferences_t preferences{};
      preferences.compressionLevel = level;
      out.resize(LZ4F_compressFrameBound(input.size(), &preferences));
      const size_t size = LZ4F_compressFrame(out.data(), out.size(), input.data(), input.size(), &preferences);
      if (LZ4F_isError(size)) return failed("LZ4");
      out.resize(size);
      return out;
    }
    case CompressionType::kZstd: {
      out.resize(ZSTD_compressBound(input.size()));
      const size_t size = ZSTD_compress(out.data(), out.size(), input.data(), input.size(), level);
      if (ZSTD_isError(size)) return failed("Zstandard");
      out.resize(size);
      return out;
    }
  }
  return fail(ErrorKind::kInternalError, "unknown compression");
}

Result<Bytes> decompress(CompressionType type, ByteView input, size_t max_size) {
  switch (type) {
    case CompressionType::kZlib:
      return inflate_zlib(input, max_size);
    case CompressionType::kLz4:
      return unpack_lz4(input, max_size);
    case CompressionType::kZstd:
      return unpack_zstd(input, max_size);
  }
  return fail(ErrorKind::kInternalError, "unknown compression");
}

uint32_t crc32_of(ByteView bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

}  // namespace rocketmq
