! SPDX-License-Identifier: Apache-2.0
! work.f90: a wave on a string, in both types.
program work
    implicit none
    integer, parameter :: n = 200
    real(8) :: u(n), v(n)
    real(4) :: s(n)
    integer :: i, t
    do i = 1, n
        u(i) = exp(-((i - 60) / 9.0d0)**2)
    end do
    v = 0
    do t = 1, 400
        v(2:n-1) = v(2:n-1) + 0.3d0 * (u(1:n-2) - 2 * u(2:n-1) + u(3:n))
        u = u + v
    end do
    s = real(u, 4)
    do i = 1, n, 20
        print '(i4, es25.16, es16.8)', i, u(i), sqrt(abs(s(i))) + sum(s * s)
    end do
end program
