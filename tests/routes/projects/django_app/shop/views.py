from rest_framework import generics, mixins, viewsets
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

from .models import Item


class ItemSerializer(ModelSerializer):
    class Meta:
        model = Item
        fields = ["name"]


class IsOwner(BasePermission):
    def has_permission(self, request, view):
        return request.user.is_authenticated


class ItemViewSet(viewsets.ModelViewSet):
    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    permission_classes = [IsOwner]
    lookup_field = "name"

    def list(self, request):
        return Response([])

    @action(detail=True, methods=["post"], url_path="set-price", permission_classes=[AllowAny])
    def set_price(self, request, name=None):
        return Response({})

    @set_price.mapping.delete
    def drop_price(self, request, name=None):
        return Response({})

    @action(detail=False)
    def recent(self, request):
        return Response([])


class StatusViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    permission_classes = [AllowAny]


class ReportViewSet(viewsets.ViewSet):
    def retrieve(self, request, pk=None):
        return Response({})

    def refresh(self, request, pk=None):
        return Response({})


class OrderDetail(generics.RetrieveUpdateAPIView):
    queryset = Item.objects.all()
    serializer_class = ItemSerializer

    def patch(self, request, *args, **kwargs):
        return self.partial_update(request, *args, **kwargs)


class Carts(APIView):
    permission_classes = (AllowAny,)

    def get(self, request):
        return Response([])

    def post(self, request):
        return Response({})


@api_view(["POST"])
@permission_classes([IsAuthenticated])
def checkout(request):
    return Response({})
