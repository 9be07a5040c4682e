#pragma once

namespace larq_focal {

// How often this program has called operator new, all threads together.
long allocations();

}  // namespace larq_focal
