// The functions of the SCAMP-5 library that exported programs call, on a simulated array, after the maker's headers
// (scamp5_api_digital.hpp, scamp5_api_analog.hpp, scamp5_kernel_api*.hpp, scamp5_output.hpp and vs_*.hpp in
// github.com/luozhongrui/scamp5_algorithms). For tests; shares nothing with the package.
//
// Addresses: row 0 is the top, column 0 the right edge; the pixel to the east of column c is column c - 1.
// Environment: SCAMP5_FRAMES names a file of frames, 256x256 grey levels from left to right; SCAMP5_POSTS the file of
// what is posted: channel, bytes per value, rows, columns (int32 each), and the values. SCAMP5_SCAN is the order of bits
// that scamp5_scan_dreg gives: 1 from the left, 2 most significant first, 3 both.
#pragma once

#include <array>
#include <bitset>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <vector>

constexpr int MOCK_SIDE = 256, MOCK_PIXELS = MOCK_SIDE * MOCK_SIDE, MOCK_STORE = 1024;
using MockBits = std::bitset<MOCK_PIXELS>;
using MockLevels = std::vector<int>;

struct dref_t {
  MockBits* bits;
  bool is_masked = false;  // R12, which is written only where R0 is 1
};
struct dreg_t : dref_t {};
struct aref_t {
  MockLevels* levels;
  int port = 0;  // of a neighbour's NEWS: 1 south, 2 west, 3 north, 4 east
};
struct areg_t : aref_t {};
#define DREG const dreg_t&
#define DSRC const dref_t&
#define AREG const areg_t&
#define ASRC const aref_t&

struct MockChip {
  std::array<MockBits, 16> digital;
  std::array<MockLevels, 9> analog;
  MockLevels reset_level;
  std::mt19937 random{7};
  MockBits noise() {
    MockBits bits;
    for (int i = 0; i < MOCK_PIXELS; i++) bits[i] = random() >> 7 & 1;
    return bits;
  }
  MockChip() {
    for (auto& bits : digital) bits = noise();
    for (auto& levels : analog) {
      levels.resize(MOCK_PIXELS);
      for (int& level : levels) level = static_cast<int>(random() >> 8 & 255) - 128;
    }
    reset_level.resize(MOCK_PIXELS);
    for (int& level : reset_level) level = -127 + static_cast<int>(random() >> 8 & 15);
  }
};
inline MockChip& mock() {
  static MockChip chip;
  return chip;
}

namespace SCAMP5_PE {
inline const dreg_t R0{{&mock().digital[0]}}, R1{{&mock().digital[1]}}, R2{{&mock().digital[2]}},
    R3{{&mock().digital[3]}}, R4{{&mock().digital[4]}}, R5{{&mock().digital[5]}}, R6{{&mock().digital[6]}},
    R7{{&mock().digital[7]}}, R8{{&mock().digital[8]}}, R9{{&mock().digital[9]}}, R10{{&mock().digital[10]}},
    R11{{&mock().digital[11]}}, R12{{&mock().digital[12], true}};
inline const dref_t FLAG{&mock().digital[13]}, SELECT{&mock().digital[14]}, RECT{&mock().digital[15]};
inline const areg_t A{{&mock().analog[0]}}, B{{&mock().analog[1]}}, C{{&mock().analog[2]}}, D{{&mock().analog[3]}},
    E{{&mock().analog[4]}}, F{{&mock().analog[5]}}, NEWS{{&mock().analog[6]}}, XS{{&mock().analog[6], 1}},
    XW{{&mock().analog[6], 2}}, XN{{&mock().analog[6], 3}}, XE{{&mock().analog[6], 4}};
inline const aref_t PIX{&mock().analog[7]}, IN{&mock().analog[8]};
#define RF R0
#define RS R1
#define RW R2
#define RN R3
#define RE R4
#define RP R12
#define S0 R5
#define S1 R6
#define S2 R7
#define S3 R8
#define S4 R9
#define S5 R10
#define S6 R11
}  // namespace SCAMP5_PE

// Of a pixel the neighbour in a direction (1 south, 2 west, 3 north, 4 east); -1 past the border.
inline int mock_neighbour(int pixel, int direction) {
  const int r = pixel / MOCK_SIDE, c = pixel % MOCK_SIDE;
  switch (direction) {
    case 1: return r + 1 < MOCK_SIDE ? pixel + MOCK_SIDE : -1;
    case 2: return c + 1 < MOCK_SIDE ? pixel + 1 : -1;
    case 3: return r > 0 ? pixel - MOCK_SIDE : -1;
    default: return c > 0 ? pixel - 1 : -1;
  }
}
inline MockBits mock_neighbours(const MockBits& bits, int direction) {
  static const MockBits edges[2] = {[] {
                                      MockBits first;
                                      for (int r = 0; r < MOCK_SIDE; r++) first[r * MOCK_SIDE] = true;
                                      return first;
                                    }(),
                                    [] {
                                      MockBits last;
                                      for (int r = 0; r < MOCK_SIDE; r++) last[r * MOCK_SIDE + MOCK_SIDE - 1] = true;
                                      return last;
                                    }()};
  switch (direction) {
    case 1: return bits >> MOCK_SIDE;
    case 2: return (bits >> 1) & ~edges[1];
    case 3: return bits << MOCK_SIDE;
    default: return (bits << 1) & ~edges[0];
  }
}

// Kernels: words are recorded at the first pass, and launched. What finds no room in the store is dropped.
struct MockWord {
  std::function<void()> run;
};
struct scamp5_kernel {
  std::vector<MockWord> words;
  bool is_recorded = false;
};
struct MockStore {
  scamp5_kernel* recording = nullptr;
  int used = 0;
};
inline MockStore& mock_store() {
  static MockStore store;
  return store;
}
inline void mock_word(std::function<void()> run) {
  MockStore& store = mock_store();
  if (!store.recording) {
    std::fprintf(stderr, "an instruction outside of a kernel\n");
    std::exit(2);
  }
  if (store.used >= MOCK_STORE) return;
  store.used++;
  store.recording->words.push_back({std::move(run)});
}
inline void mock_launch(scamp5_kernel& kernel) {
  mock_store().recording = nullptr;
  for (auto& word : kernel.words) word.run();
}
#define scamp5_kernel_begin()             \
  {                                       \
    static scamp5_kernel mock_kernel;     \
    if (!mock_kernel.is_recorded) {       \
      mock_kernel.is_recorded = true;     \
      mock_store().recording = &mock_kernel;
#define scamp5_kernel_end()    \
    }                          \
    mock_launch(mock_kernel);  \
  }
#define scamp5_dynamic_kernel_begin() \
  {                                   \
    scamp5_kernel mock_kernel;        \
    mock_store().recording = &mock_kernel;
#define scamp5_dynamic_kernel_end()                             \
    mock_launch(mock_kernel);                                   \
    mock_store().used -= static_cast<int>(mock_kernel.words.size()); \
  }

inline void mock_write(const dref_t& d, const MockBits& bits) {
  if (d.is_masked)
    *d.bits = (*d.bits & ~mock().digital[0]) | (bits & mock().digital[0]);
  else
    *d.bits = bits;
}
template <class... S>
MockBits mock_or(const S&... s) {
  return (MockBits{} | ... | *s.bits);
}
template <class... D>
void SET(const D&... d) {
  mock_word([=] { (mock_write(d, ~MockBits{}), ...); });
}
template <class... D>
void CLR(const D&... d) {
  mock_word([=] { (mock_write(d, MockBits{}), ...); });
}
inline void MOV(DREG d, DSRC s) {
  mock_word([=] { mock_write(d, *s.bits); });
}
inline void mock_two_words(std::function<void()> run) {
  mock_word([] {});
  mock_word(std::move(run));
}
template <class... S>
void OR(DREG d, const S&... s) {
  if constexpr (sizeof...(S) == 1)
    mock_two_words([=] { mock_write(d, mock_or(d, s...)); });
  else
    mock_word([=] { mock_write(d, mock_or(s...)); });
}
template <class... S>
void NOR(DREG d, const S&... s) {
  if constexpr (sizeof...(S) == 1)
    mock_two_words([=] { mock_write(d, ~mock_or(d, s...)); });
  else
    mock_word([=] { mock_write(d, ~mock_or(s...)); });
}
inline void NOT(DREG d, DSRC s) {
  mock_word([=] { mock_write(d, ~*s.bits); });
}
inline void NOT(DREG d) {
  mock_two_words([=] { mock_write(d, ~*d.bits); });
}
inline void REFRESH(DREG d) { mock_two_words([] {}); }
template <class... S>
void WHERE(const S&... s) {
  mock_word([=] { mock().digital[13] = mock_or(s...); });
}
inline void ALL() {
  mock_word([] { mock().digital[13].set(); });
}
inline void all() { ALL(); }
inline void nop() {
  mock_word([] {});
}
inline MockBits mock_seen(const MockBits& bits) {
  MockBits seen;
  for (int direction = 1; direction <= 4; direction++)
    seen |= mock().digital[direction] & mock_neighbours(bits, direction);
  return seen;
}
inline void DNEWS0(DREG d, DSRC s) {
  mock_word([=] { mock_write(d, mock_seen(*s.bits)); });
}
inline void PROP0() {
  mock_two_words([] {
    for (int step = 0; step < 126; step++) {  // one word fills tiles of 64x64
      const MockBits before = mock().digital[12];
      mock_write(SCAMP5_PE::R12, before | mock_seen(before));
      if (mock().digital[12] == before) break;
    }
  });
}
inline int mock_clipped(int level) { return level < -128 ? -128 : level > 127 ? 127 : level; }
template <class... X>
MockLevels mock_sum(const X&... x) {
  MockLevels total(MOCK_PIXELS);
  const aref_t sources[] = {x..., aref_t{nullptr}};
  for (const aref_t& source : sources) {
    if (!source.levels) break;
    for (int i = 0; i < MOCK_PIXELS; i++) {
      const int from = source.port ? mock_neighbour(i, source.port) : i;
      if (from >= 0) total[i] += (*source.levels)[from];
    }
  }
  return total;
}
template <class... X>
void bus(AREG y, const X&... x) {
  mock_word([=] {
    const MockLevels total = mock_sum(x...);
    for (int i = 0; i < MOCK_PIXELS; i++) {
      // A port is the NEWS of that neighbour: what a pixel's NEWS gets comes from the pixel on the other side.
      const int from = y.port ? mock_neighbour(i, (y.port + 1) % 4 + 1) : i;
      if (mock().digital[13][i]) (*y.levels)[i] = from < 0 ? 0 : mock_clipped(-total[from]);
    }
  });
}
template <class... X>
void where(const X&... x) {
  mock_word([=] {
    const MockLevels total = mock_sum(x...);
    for (int i = 0; i < MOCK_PIXELS; i++) mock().digital[13][i] = total[i] > 0;
  });
}
inline void rpix() {
  mock_word([] { mock().analog[7] = mock().reset_level; });
}
inline void res(AREG y) {
  bus(SCAMP5_PE::NEWS);
  bus(y, SCAMP5_PE::NEWS);
}
template <class... X>
void add(AREG y, const X&... x) {
  bus(SCAMP5_PE::NEWS, x...);
  bus(y, SCAMP5_PE::NEWS);
}
inline void mov(AREG y, ASRC x) { add(y, x); }
inline void sub(AREG y, ASRC x, ASRC z) {
  bus(SCAMP5_PE::NEWS, x);
  bus(y, SCAMP5_PE::NEWS, z);
}
inline void get_image(AREG y) {
  bus(SCAMP5_PE::NEWS, SCAMP5_PE::PIX);
  rpix();
  rpix();
  nop();
  bus(y, SCAMP5_PE::NEWS, SCAMP5_PE::PIX);
}

// The library.
inline void mock_overwrite(std::initializer_list<int> registers) {
  for (int number : registers) mock().digital[number] = mock().noise();
}
inline void scamp5_load_pattern(DREG d, uint8_t r, uint8_t c, uint8_t rx, uint8_t cx) {
  MockBits bits;
  for (int i = 0; i < MOCK_PIXELS; i++) bits[i] = !((i / MOCK_SIDE ^ r) & ~rx & 255) && !((i % MOCK_SIDE ^ c) & ~cx & 255);
  mock_overwrite({14});
  mock_write(d, bits);
}
inline MockBits mock_rectangle(int r0, int c0, int r1, int c1) {
  MockBits bits;
  for (int r = r0; r <= r1; r++)
    for (int c = c0; c <= c1; c++) bits[r * MOCK_SIDE + c] = true;
  return bits;
}
inline void scamp5_load_rect(DREG d, uint8_t r0, uint8_t c0, uint8_t r1, uint8_t c1) {
  mock_overwrite({14, 15});
  mock_write(d, mock_rectangle(r0, c0, r1, c1));
}
inline void scamp5_load_point(DREG d, uint8_t r, uint8_t c) { scamp5_load_rect(d, r, c, r, c); }
inline const dref_t*& mock_drawn() {
  static const dref_t* drawn = nullptr;
  return drawn;
}
inline void scamp5_draw_begin(DREG d) {
  mock_overwrite({1, 2, 3, 4, 14, 15});
  mock_drawn() = &d;
}
inline void scamp5_draw_rect(uint8_t r0, uint8_t c0, uint8_t r1, uint8_t c1) {
  mock_write(*mock_drawn(), *mock_drawn()->bits | mock_rectangle(r0, c0, r1, c1));
}
inline void scamp5_draw_end() { mock_overwrite({1, 2, 3, 4}); }
inline void scamp5_load_in(int8_t value) { mock().analog[8].assign(MOCK_PIXELS, value); }
inline void vs_scamp5_set_dac(uint16_t) { mock().analog[8].assign(MOCK_PIXELS, 127); }
inline void scamp5_scan_dreg(DSRC d, uint8_t* mem, uint8_t r0 = 0, uint8_t r1 = 255) {
  const char* order = std::getenv("SCAMP5_SCAN");
  const int flags = order ? std::atoi(order) : 0;
  for (int r = r0; r <= r1; r++)
    for (int c = 0; c < MOCK_SIDE; c++) {
      const int column = flags & 1 ? MOCK_SIDE - 1 - c : c, place = flags & 2 ? 7 - column % 8 : column % 8;
      uint8_t& byte = mem[(r - r0) * 32 + column / 8];
      byte = static_cast<uint8_t>((byte & ~(1 << place)) | ((*d.bits)[r * MOCK_SIDE + c] << place));
    }
}
inline void scamp5_scan_events_rc(DSRC d, uint8_t* events, uint16_t most, uint8_t = 0, uint8_t = 0) {
  int found = 0;
  for (int i = 0; i < MOCK_PIXELS && found < most; i++)
    if ((*d.bits)[i]) {
      events[2 * found] = static_cast<uint8_t>(i / MOCK_SIDE);
      events[2 * found++ + 1] = static_cast<uint8_t>(i % MOCK_SIDE);
    }
  for (; found < most; found++) events[2 * found] = events[2 * found + 1] = 0;
  mock_overwrite({1, 2, 3, 4, 14});
}
inline int scamp5_global_or(DSRC d) { return d.bits->any(); }
inline int scamp5_global_count(DSRC d, AREG temporary, int = 0) {
  for (int& level : *temporary.levels) level = static_cast<int>(mock().random() >> 8 & 255) - 128;
  return static_cast<int>((d.bits->count() * 4095 + MOCK_PIXELS / 2) / MOCK_PIXELS);
}

// The vision system.
struct vs_io_agent_api {};
inline vs_io_agent_api mock_usb, *vs_usb = &mock_usb;
inline void vs_init() {}
inline void vs_post_bind_io_agent(vs_io_agent_api*) {}
inline void scamp5_bind_io_agent(vs_io_agent_api*) {}
inline void vs_frame_trigger_set(uint32_t, uint32_t) {}
inline FILE*& mock_posts() {
  static FILE* file = std::fopen(std::getenv("SCAMP5_POSTS"), "wb");
  return file;
}
inline void vs_frame_loop_control() {
  static FILE* frames = std::fopen(std::getenv("SCAMP5_FRAMES"), "rb");
  static std::vector<uint8_t> grey(MOCK_PIXELS);
  if (std::fread(grey.data(), 1, MOCK_PIXELS, frames) != MOCK_PIXELS) {
    std::fclose(mock_posts());
    std::printf("%d\n", mock_store().used);
    std::exit(0);
  }
  for (int i = 0; i < MOCK_PIXELS; i++) {
    const int from_left = i / MOCK_SIDE * MOCK_SIDE + MOCK_SIDE - 1 - i % MOCK_SIDE;
    mock().analog[7][i] = mock_clipped(mock().reset_level[i] + grey[from_left] / 2);
  }
}
inline uint32_t& mock_channel() {
  static uint32_t channel = 0;
  return channel;
}
inline void vs_post_set_channel(uint32_t channel) { mock_channel() = channel; }
inline void mock_post(const void* data, int bytes, size_t rows, size_t columns) {
  const int32_t head[] = {static_cast<int32_t>(mock_channel()), bytes, static_cast<int32_t>(rows),
                          static_cast<int32_t>(columns)};
  std::fwrite(head, sizeof head, 1, mock_posts());
  std::fwrite(data, bytes, rows * columns, mock_posts());
}
inline void vs_post_int8(const int8_t* data, size_t rows, size_t columns) { mock_post(data, 1, rows, columns); }
inline void vs_post_int32(const int32_t* data, size_t rows, size_t columns) { mock_post(data, 4, rows, columns); }
inline void vs_post_text(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
}
