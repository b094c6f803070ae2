// Boost.Asio, compiled once for all files that use it.
#include <utility>

#include <boost/asio/impl/src.hpp>
