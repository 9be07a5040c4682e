#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace larq_focal {

// Options as LCE writes them, in the simplest form of a FlexBuffer: sorted keys, values of four bytes.
inline std::vector<uint8_t> options(const std::vector<std::pair<std::string, int32_t>>& entries) {
  std::vector<uint8_t> bytes;
  auto number = [&](uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(value >> 8 * i));
  };
  std::vector<size_t> keys;
  for (const auto& entry : entries) {
    keys.push_back(bytes.size());
    bytes.insert(bytes.end(), entry.first.c_str(), entry.first.c_str() + entry.first.size() + 1);
  }
  const auto count = static_cast<uint32_t>(entries.size());
  number(count);
  const size_t key_offsets = bytes.size();
  for (size_t key : keys) number(static_cast<uint32_t>(bytes.size() - key));
  number(static_cast<uint32_t>(bytes.size() - key_offsets));
  number(4);
  number(count);
  const size_t values = bytes.size();
  for (const auto& entry : entries) number(static_cast<uint32_t>(entry.second));
  for (size_t i = 0; i < entries.size(); ++i) bytes.push_back(1 << 2 | 2);  // an integer of four bytes
  bytes.push_back(static_cast<uint8_t>(bytes.size() - values));
  bytes.push_back(9 << 2 | 2);  // a map, its values of four bytes
  bytes.push_back(1);
  return bytes;
}

}  // namespace larq_focal
