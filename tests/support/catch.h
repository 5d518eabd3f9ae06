// Catch2 only through here, so that its next major version is one edit.
#pragma once

#include <catch2/catch.hpp>
