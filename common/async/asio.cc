// The one object file that holds Asio's code; everybody else sees declarations.
#include <utility>

#include <boost/asio/impl/src.hpp>
