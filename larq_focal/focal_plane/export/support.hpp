// What every exported program needs beside its own kernels. It uses the SCAMP-5 library alone.
//
// Planes of the controller are rows of 32 bytes from the top; column address c, which counts from the right edge of the
// array, is bit c % 8 of byte c / 8, least significant first.
#pragma once

#include <scamp5.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lqf {

constexpr int SIDE = 256;
constexpr int ROW_BYTES = SIDE / 8;
constexpr int REFRESH_EVERY = 16;  // rectangles that are drawn between two refreshes of registers that decay
constexpr int MOST_EVENTS = 4000;  // that one call of the library reads

inline bool bit(const uint8_t* row, int c) { return row[c / 8] >> (c % 8) & 1; }

// Draws a plane, whose rows `row(r)` gives, run by run. Equal rows that follow each other are drawn together.
// The library changes R1 to R4 meanwhile.
template <class Row>
void draw(DREG target, Row row, void (*refresh)()) {
  using namespace SCAMP5_PE;
  scamp5_dynamic_kernel_begin();
    CLR(target);
  scamp5_dynamic_kernel_end();
  scamp5_draw_begin(target);
  int drawn = 0;
  for (int first = 0, last; first < SIDE; first = last + 1) {
    last = first;
    while (last + 1 < SIDE && std::memcmp(row(first), row(last + 1), ROW_BYTES) == 0) last++;
    for (int c = 0; c < SIDE; c++) {
      if (!bit(row(first), c)) continue;
      const int begin = c;
      while (c + 1 < SIDE && bit(row(first), c + 1)) c++;
      scamp5_draw_rect(first, begin, last, c);
      if (++drawn % REFRESH_EVERY == 0) refresh();
    }
  }
  scamp5_draw_end();
}

// The order of bits that scamp5_scan_dreg gives is not documented: it is found at the start, by a single point.
struct ScanOrder {
  bool from_left = false;
  bool most_significant_first = false;
};

inline ScanOrder& scan_order() {
  static ScanOrder order;
  return order;
}

inline int scan_place(ScanOrder order, int c) {
  const int column = order.from_left ? SIDE - 1 - c : c;
  return column / 8 * 8 + (order.most_significant_first ? 7 - column % 8 : column % 8);
}

// Finds the order with the register `scratch`; false where no known order explains what is read.
inline bool find_scan_order(DREG scratch) {
  constexpr int row = 3, column = 17;
  static uint8_t buffer[SIDE * ROW_BYTES];
  scamp5_load_point(scratch, row, column);
  scamp5_scan_dreg(scratch, buffer, 0, SIDE - 1);
  int ones = 0;
  for (int place = 0; place < SIDE * SIDE; place++) ones += bit(buffer, place);
  for (int choice = 0; choice < 4; choice++) {
    const ScanOrder order{(choice & 1) != 0, (choice & 2) != 0};
    if (ones == 1 && bit(buffer + row * ROW_BYTES, scan_place(order, column))) {
      scan_order() = order;
      return true;
    }
  }
  return false;
}

// Reads rows 0 to `last` of a register in the order of this file.
inline void scan(DSRC source, uint8_t* buffer, int last) {
  scamp5_scan_dreg(source, buffer, 0, last);
  const ScanOrder order = scan_order();
  if (!order.from_left && !order.most_significant_first) return;
  for (int r = 0; r <= last; r++) {
    uint8_t row[ROW_BYTES] = {};
    for (int c = 0; c < SIDE; c++)
      if (bit(buffer + r * ROW_BYTES, scan_place(order, c))) row[c / 8] |= 1 << (c % 8);
    std::memcpy(buffer + r * ROW_BYTES, row, ROW_BYTES);
  }
}

// The number of ones by their addresses. Events end at (0, 0), which is also the address of a pixel: the first event may
// be that pixel, and global_or tells whether there is any.
inline int32_t count_events(DSRC source, uint16_t most) {
  static uint8_t events[2 * MOST_EVENTS];
  if (!scamp5_global_or(source)) return 0;
  scamp5_scan_events_rc(source, events, most);
  int32_t count = 1;
  while (count < most && (events[2 * count] || events[2 * count + 1])) count++;
  return count;
}

// 2 to the power of -x / 2^15, as a share of 2^15, for x of 0 and more: a table of 64 steps between powers, interpolated.
inline int32_t power(uint32_t x) {
  static const uint16_t table[65] = {
      32768, 32415, 32066, 31720, 31379, 31041, 30706, 30376, 30048, 29725, 29405, 29088, 28774, 28464, 28158, 27855,
      27554, 27258, 26964, 26674, 26386, 26102, 25821, 25543, 25268, 24995, 24726, 24460, 24196, 23936, 23678, 23423,
      23170, 22921, 22674, 22430, 22188, 21949, 21713, 21479, 21247, 21019, 20792, 20568, 20347, 20127, 19911, 19696,
      19484, 19274, 19066, 18861, 18658, 18457, 18258, 18061, 17867, 17674, 17484, 17296, 17109, 16925, 16743, 16562,
      16384};
  const uint32_t whole = x >> 15, part = x & 0x7FFF;
  if (whole > 30) return 0;
  const uint32_t step = part >> 9;
  const int32_t here = table[step], next = table[step + 1];
  return (here - (((here - next) * static_cast<int32_t>(part & 511)) >> 9)) >> whole;
}

// Shares of 2^15 from scores in steps of 2^-shift.
inline void softmax(const int64_t* scores, int count, int shift, int32_t* shares) {
  constexpr int64_t LOG2_E = 47274;  // times 2^15
  int64_t largest = scores[0];
  for (int i = 1; i < count; i++)
    if (scores[i] > largest) largest = scores[i];
  int64_t total = 0;
  for (int i = 0; i < count; i++) {
    int64_t below = (largest - scores[i]) * LOG2_E >> shift;
    if (below > (int64_t(31) << 15)) below = int64_t(31) << 15;
    shares[i] = power(static_cast<uint32_t>(below));
    total += shares[i];
  }
  for (int i = 0; i < count; i++) shares[i] = static_cast<int32_t>((int64_t(shares[i]) << 15) / total);
}

}  // namespace lqf
