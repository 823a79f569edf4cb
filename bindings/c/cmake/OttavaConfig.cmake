# Ottava::ottava            libottava.so: LiteRT's C API, ottava.h, ottava.hpp
# Ottava::static            the same in libottava.a
# Ottava::tensorflowlite_c  libtensorflowlite_c.so: LiteRT's C API alone, under the name of LiteRT's own library

get_filename_component(_ottava_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

foreach(_ottava_name IN ITEMS ottava tensorflowlite_c)
    if(NOT TARGET Ottava::${_ottava_name})
        add_library(Ottava::${_ottava_name} SHARED IMPORTED)
        set_target_properties(Ottava::${_ottava_name} PROPERTIES
            IMPORTED_LOCATION "${_ottava_prefix}/lib/lib${_ottava_name}.so"
            IMPORTED_SONAME "lib${_ottava_name}.so"
            INTERFACE_INCLUDE_DIRECTORIES "${_ottava_prefix}/include")
    endif()
endforeach()

if(NOT TARGET Ottava::static)
    add_library(Ottava::static STATIC IMPORTED)
    set_target_properties(Ottava::static PROPERTIES
        IMPORTED_LOCATION "${_ottava_prefix}/lib/libottava.a"
        INTERFACE_INCLUDE_DIRECTORIES "${_ottava_prefix}/include"
        INTERFACE_LINK_LIBRARIES "pthread;dl;m;gcc_s")
endif()

unset(_ottava_name)
unset(_ottava_prefix)
