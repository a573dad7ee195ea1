#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace rocketmq {

// Packs and unpacks bodies; without state, any thread. The formats that RocketMQ stores: a zlib stream, an LZ4 frame, a
// Zstandard frame.
enum class CompressionType { kZlib, kLz4, kZstd };

// Levels: zlib 1 to 9, LZ4 1 to 12, Zstandard 1 to 22; a higher one is slower and packs tighter.
Result<std::vector<uint8_t>> compress(CompressionType type, ByteView input, int level);

// Fails with kProtocolError for input that is corrupt, cut short, or larger than `max_size` when unpacked
// (checked while unpacking, so that a small bomb costs little); max_size is below SIZE_MAX.
Result<std::vector<uint8_t>> decompress(CompressionType type, ByteView input, size_t max_size);

// As in zip files and Java's CRC32.
uint32_t crc32_of(ByteView bytes);

}  // namespace rocketmq
